package clients

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func TestASessionLastsFromLoginToLogout(t *testing.T) {
	a := start(t)
	fails(t, a.client("wrong").Login(), "401 Unauthorized")
	if err := a.Login(); err != nil {
		t.Fatal(err)
	}
	if !a.IsLoggedIn() {
		t.Fatal("no session came with the login")
	}
	a.add("server", fields{"name": "one", "ipaddress": "10.0.0.1"})
	if err := a.Logout(); err != nil {
		t.Fatal(err)
	}
	a.holds("server", "one", fields{"ipaddress": "10.0.0.1"}) // now with user and password
	_, err := a.client("wrong").AddResource("server", "", fields{"name": "two", "ipaddress": "10.0.0.2"})
	fails(t, err, "401 Unauthorized")
}

func TestTheSameOverTLS(t *testing.T) {
	a := start(t, "--tls")
	if !strings.HasPrefix(a.url, "https://") {
		t.Fatalf("%s is not TLS", a.url)
	}
	if err := a.Login(); err != nil {
		t.Fatal(err)
	}
	a.add("server", fields{"name": "one", "ipaddress": "10.0.0.1"})
	a.remove("server", "one")
}

func TestRefusalsHaveTheStatusLinesThatTheClientKnows(t *testing.T) {
	a := start(t)
	if err := a.EnableFeatures([]string{"LB", "CS", "SSL"}); err != nil {
		t.Fatal(err)
	}
	virtualServer := fields{"name": "v", "servicetype": "HTTP"}
	a.add("lbvserver", virtualServer)
	refused := func(kind string, object fields, texts ...string) {
		t.Helper()
		_, err := a.AddResource(kind, "", object)
		fails(t, err, texts...)
	}
	a.add("lbvserver", virtualServer) // The client adds `idempotent=yes`, so a repetition is no error.
	refused("lbvserver", fields{"name": "v", "servicetype": "TCP"}, "errorcode")
	fails(t, a.ActOnResource("lbvserver", virtualServer, ""), "409 Conflict", `"errorcode": 273`)
	refused("lbvserver", fields{"name": "w"}, "400 Bad Request", `"errorcode": 1095`)
	refused("lbvserver", fields{"name": "w", "servicetype": "HTTPS"}, "errorcode")
	refused("lbvserver", fields{"name": "w", "servicetype": "HTTP", "colour": "red"}, "errorcode")
	refused("sslprofile_sslcipher_binding", fields{"name": "p", "ciphername": "HIGH"}, "errorcode")
	refused("sslcertkey", fields{"certkey": "c", "cert": "/nsconfig/ssl/none.crt"},
		"599 Netscaler specific error", `"errorcode": 1647`)
	_, err := a.FindResource("lbvserver", "none")
	fails(t, err, "No resource none")
	_, err = a.UpdateResource("lbvserver", "v", fields{"name": "v", "servicetype": "TCP"})
	fails(t, err, "errorcode")
	if err := a.DeleteResource("lbvserver", "none"); err != nil {
		t.Errorf("what is not there is as good as deleted: %v", err)
	}
}

func TestNothingFoundHasNoKeyAtAll(t *testing.T) {
	a := start(t)
	for _, kind := range []string{"csvserver", "servicegroup", "cspolicy"} {
		found, err := a.FindAllResources(kind)
		if err != nil || len(found) != 0 {
			t.Errorf("%s: %v, error %v", kind, found, err)
		}
	}
	a.add("server", fields{"name": "one", "ipaddress": "10.0.0.1"})
	if _, err := a.FindFilteredResourceArray("server", map[string]string{"name": "two"}); err == nil {
		t.Error("a filter that nothing matches finds something")
	}
}

// The vendor's SDK encodes names twice, and blanks as plus signs the first time.
func TestNamesMayBeEncodedTwice(t *testing.T) {
	a := start(t)
	for _, name := range []string{"a b", "a:b", "a@b", "a=b", "a#b", "a.b-c_d"} {
		twice := url.QueryEscape(url.QueryEscape(name))
		a.add("server", fields{"name": name, "ipaddress": "10.0.0.1"})
		a.holds("server", twice, fields{"name": name})
		a.remove("server", twice)
	}
	for _, name := range []string{"a+b", "a%b", "a/b", `a"b`, "-a"} {
		_, err := a.AddResource("server", name, fields{"name": name, "ipaddress": "10.0.0.1"})
		fails(t, err, `"errorcode": 1075`)
	}
}

// Every answer is a JSON object with a numeric errorcode: the client asserts it.
func TestAnswersAreJSONWithANumber(t *testing.T) {
	a := start(t)
	for path, status := range map[string]string{
		"lbvserver":      "200 OK",
		"lbvserver/none": "404 Not Found",
		"nosuchtype":     "",
		"nsversion":      "200 OK",
	} {
		request, err := http.NewRequest(http.MethodGet, a.url+"/nitro/v1/config/"+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("X-NITRO-USER", username)
		request.Header.Set("X-NITRO-PASS", password)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		var answer struct {
			Errorcode *float64 `json:"errorcode"`
		}
		if err := json.Unmarshal(body, &answer); err != nil || answer.Errorcode == nil {
			t.Errorf("%s: %s: %s", path, response.Status, body)
		}
		if status != "" && response.Status != status {
			t.Errorf("%s: %s, not %s", path, response.Status, status)
		}
	}
}
