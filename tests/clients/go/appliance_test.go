// Package clients drives mock-nitro with a NITRO client that others wrote.
//
// The client is go-nitro, from which the vendor's own Go SDK descends: it sends the same requests
// and reads status lines, reason phrases and bodies just as narrowly. What the SDK has changed
// since (names encoded twice, for example) the tests do by hand.
package clients

import (
	"bufio"
	"fmt"
	"io"
	"log"
	"maps"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chiradeep/go-nitro/netscaler"
)

const (
	username = "operator"
	password = "correct horse"
)

// TestMain silences the client, which logs every request.
func TestMain(m *testing.M) {
	log.SetOutput(io.Discard)
	os.Exit(m.Run())
}

// fields are those of an object or a binding, in NITRO's spelling.
type fields = map[string]any

// appliance is a running mock-nitro, and a client of it.
type appliance struct {
	*netscaler.NitroClient
	t   *testing.T
	url string
}

// start runs a mock-nitro of its own for a test and ends it with the test. The program is named by
// the environment variable MOCK_NITRO.
func start(t *testing.T, arguments ...string) *appliance {
	t.Helper()
	program := os.Getenv("MOCK_NITRO")
	if program == "" {
		t.Fatal("MOCK_NITRO must name the mock-nitro program (`make test` sets it)")
	}
	arguments = append([]string{
		"--listen", "127.0.0.1:0", "--username", username, "--password", password,
	}, arguments...)
	command := exec.Command(program, arguments...)
	command.Stderr = os.Stderr
	output, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	})
	url := readURL(t, output)
	a := &appliance{t: t, url: url}
	a.NitroClient = a.client(password)
	return a
}

// readURL returns the address that the program prints once it listens, and goes on reading.
func readURL(t *testing.T, output io.Reader) string {
	t.Helper()
	found := make(chan string, 1)
	go func() {
		address := regexp.MustCompile(`https?://[0-9.:]+`)
		lines := bufio.NewScanner(output)
		for lines.Scan() {
			if url := address.FindString(lines.Text()); url != "" {
				found <- url
				break
			}
		}
		_, _ = io.Copy(io.Discard, output)
		close(found)
	}()
	select {
	case url, ok := <-found:
		if ok {
			return url
		}
		t.Fatal("mock-nitro ended without saying where it listens")
	case <-time.After(time.Minute):
		t.Fatal("mock-nitro has not said where it listens")
	}
	return ""
}

// client returns a client that verifies no server certificate: the one of `--tls` is made afresh.
func (a *appliance) client(password string) *netscaler.NitroClient {
	a.t.Helper()
	client, err := netscaler.NewNitroClientFromParams(netscaler.NitroParams{
		Url: a.url, Username: username, Password: password,
	})
	if err != nil {
		a.t.Fatal(err)
	}
	return client
}

// add creates an object.
func (a *appliance) add(kind string, object fields) {
	a.t.Helper()
	if _, err := a.AddResource(kind, "", object); err != nil {
		a.t.Fatal(err)
	}
}

// update changes an object. The client sends nothing if it finds none, so that is looked up first.
func (a *appliance) update(kind, name string, object fields) {
	a.t.Helper()
	a.find(kind, name)
	if _, err := a.UpdateResource(kind, name, object); err != nil {
		a.t.Fatal(err)
	}
}

// act runs an action on an object.
func (a *appliance) act(kind, action string, object fields) {
	a.t.Helper()
	if err := a.ActOnResource(kind, object, action); err != nil {
		a.t.Fatal(err)
	}
}

// remove deletes an object and sees it gone.
func (a *appliance) remove(kind, name string) {
	a.t.Helper()
	a.find(kind, name)
	if err := a.DeleteResource(kind, name); err != nil {
		a.t.Fatal(err)
	}
	if a.ResourceExists(kind, name) {
		a.t.Fatalf("%s %s is still there", kind, name)
	}
}

// find reads an object.
func (a *appliance) find(kind, name string) fields {
	a.t.Helper()
	object, err := a.FindResource(kind, name)
	if err != nil {
		a.t.Fatal(err)
	}
	return object
}

// holds reads an object and compares some of its fields; numbers may come as text.
func (a *appliance) holds(kind, name string, expected fields) {
	a.t.Helper()
	compare(a.t, kind+" "+name, a.find(kind, name), expected)
}

// bind binds an object to another as the SDK does: it looks both up and posts.
func (a *appliance) bind(parent, parentName, child, childName string, binding fields) {
	a.t.Helper()
	if err := a.BindResource(parent, parentName, child, childName, binding); err != nil {
		a.t.Fatal(err)
	}
}

// put makes a binding, or sets a singleton, as Terraform does: PUT without a name in the path.
func (a *appliance) put(kind string, object fields) {
	a.t.Helper()
	if err := a.UpdateUnnamedResource(kind, object); err != nil {
		a.t.Fatal(err)
	}
}

// bound returns the bindings of a type that match all of the expected fields.
func (a *appliance) bound(kind, parent string, expected fields) []fields {
	a.t.Helper()
	all, err := a.FindResourceArrayWithParams(netscaler.FindParams{
		ResourceType: kind, ResourceName: parent,
	})
	if err != nil {
		a.t.Fatal(err)
	}
	var matching []fields
	for _, binding := range all {
		if matches(binding, expected) {
			matching = append(matching, binding)
		}
	}
	return matching
}

// isBound sees exactly one binding with these fields, or none.
func (a *appliance) isBound(kind, parent string, expected fields, count int) {
	a.t.Helper()
	if found := a.bound(kind, parent, expected); len(found) != count {
		all := a.bound(kind, parent, fields{})
		a.t.Fatalf("%d of %s %s with %v, not %d: %v", len(found), kind, parent, expected, count, all)
	}
}

// unbind removes a binding by its arguments and sees it gone.
func (a *appliance) unbind(kind, parent string, arguments map[string]string) {
	a.t.Helper()
	if err := a.DeleteResourceWithArgsMap(kind, parent, arguments); err != nil {
		a.t.Fatal(err)
	}
	expected := fields{}
	for field, value := range arguments {
		expected[field] = value
	}
	a.isBound(kind, parent, expected, 0)
}

// fails sees an error that says all of this.
func fails(t *testing.T, err error, texts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error that says %q", texts)
	}
	for _, text := range texts {
		if !strings.Contains(err.Error(), text) {
			t.Fatalf("%q is not in: %v", text, err)
		}
	}
}

func compare(t *testing.T, what string, found, expected fields) {
	t.Helper()
	for field := range maps.Keys(expected) {
		if !matches(found, fields{field: expected[field]}) {
			t.Errorf("%s: %s is %v, not %v", what, field, found[field], expected[field])
		}
	}
}

// matches compares as text, as most clients do: NITRO sends some numbers as text.
func matches(found, expected fields) bool {
	for field, value := range expected {
		if fmt.Sprint(found[field]) != fmt.Sprint(value) {
			return false
		}
	}
	return true
}
