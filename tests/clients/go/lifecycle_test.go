package clients

import (
	"slices"
	"testing"

	"github.com/chiradeep/go-nitro/netscaler"
)

const (
	rule     = `HTTP.REQ.HOSTNAME.SERVER.TO_LOWER.EQ("shop.example") && HTTP.REQ.URL.PATH.STARTSWITH("/")`
	notFound = `"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"`
)

// TestEveryTypeOfAnIngressController makes, reads, changes, binds, lists, unbinds and deletes one of
// everything that mutual TLS from end to end is made of, in the order in which it must be done.
func TestEveryTypeOfAnIngressController(t *testing.T) {
	a := start(t)
	if err := a.Login(); err != nil {
		t.Fatal(err)
	}
	features(a)
	certkeys(a)
	profiles(a)
	backEnd(a)
	policies(a)
	frontEnd(a)
	if err := a.SaveConfig(); err != nil {
		t.Fatal(err)
	}
	takeDownFrontEnd(a)
	takeDownPolicies(a)
	takeDownBackEnd(a)
	takeDownCertificates(a)
	if err := a.SaveConfig(); err != nil {
		t.Fatal(err)
	}
	if err := a.Logout(); err != nil {
		t.Fatal(err)
	}
}

func features(a *appliance) {
	a.t.Helper()
	names := []string{"LB", "CS", "SSL", "RESPONDER", "REWRITE"}
	if err := a.EnableFeatures(names); err != nil {
		a.t.Fatal(err)
	}
	enabled, err := a.ListEnabledFeatures()
	if err != nil {
		a.t.Fatal(err)
	}
	for _, name := range names {
		if !slices.Contains(enabled, name) {
			a.t.Errorf("%s is not among %v", name, enabled)
		}
	}
	a.put("sslparameter", fields{"defaultprofile": "ENABLED"})
	a.holds("sslparameter", "", fields{"defaultprofile": "ENABLED"})
}

func certkeys(a *appliance) {
	a.t.Helper()
	servers, serverCA := newAuthority(a.t, "Server CA")
	_, clientCA := newAuthority(a.t, "Client CA")
	a.certkey("server-ca", pair{certificate: serverCA.certificate})
	a.certkey("client-ca", pair{certificate: clientCA.certificate})
	a.certkey("shop", servers.issue("shop.example", "www.shop.example"))
	a.certkey("client", servers.issue("client.shop.example"))
	a.holds("sslcertkey", "shop", fields{
		"certkey": "shop", "cert": certificates + "/shop.crt", "key": certificates + "/shop.key",
		"sandns": "shop.example www.shop.example", "status": "Valid", "inform": "PEM",
	})

	files, err := a.FindResourceArrayWithParams(netscaler.FindParams{
		ResourceType: "systemfile",
		ArgsMap:      map[string]string{"filelocation": "%2Fnsconfig%2Fssl", "filename": "shop.crt"},
	})
	if err != nil || len(files) != 1 {
		a.t.Fatalf("files %v, error %v", files, err)
	}
	compare(a.t, "systemfile", files[0], fields{"filename": "shop.crt"})

	a.act("sslcertkey", "link", fields{"certkey": "shop", "linkcertkeyname": "server-ca"})
	a.holds("sslcertkey", "shop", fields{"linkcertkeyname": "server-ca"})
	a.update("sslcertkey", "shop", fields{
		"certkey": "shop", "expirymonitor": "ENABLED", "notificationperiod": 20,
	})
	a.holds("sslcertkey", "shop", fields{"expirymonitor": "ENABLED", "notificationperiod": 20})

	before := a.find("sslcertkey", "shop")["serial"]
	renewed := servers.issue("shop.example", "www.shop.example")
	change := fields{
		"certkey": "shop", "nodomaincheck": true,
		"cert": a.upload("shop-2.crt", renewed.certificate),
		"key":  a.upload("shop-2.key", renewed.key),
	}
	for range 2 {
		// The second one brings the same content: Terraform sends it after each create.
		if _, err := a.ChangeResource("sslcertkey", "shop", change); err != nil {
			a.t.Fatal(err)
		}
	}
	a.holds("sslcertkey", "shop", fields{"cert": certificates + "/shop-2.crt"})
	if a.find("sslcertkey", "shop")["serial"] == before {
		a.t.Error("the change has not brought another certificate")
	}
	for _, name := range []string{"shop.crt", "shop.key"} {
		a.removeFile(name)
	}
}

func (a *appliance) removeFile(name string) {
	a.t.Helper()
	location := map[string]string{"filelocation": "%2Fnsconfig%2Fssl"}
	if err := a.DeleteResourceWithArgsMap("systemfile", name, location); err != nil {
		a.t.Fatal(err)
	}
}

func profiles(a *appliance) {
	a.t.Helper()
	a.add("sslprofile", fields{
		"name": "front", "sslprofiletype": "FrontEnd",
		"clientauth": "ENABLED", "clientcert": "Mandatory", "snienable": "ENABLED",
		"tls1": "DISABLED", "tls11": "DISABLED", "tls12": "ENABLED", "tls13": "ENABLED",
		"hsts": "ENABLED", "maxage": 31536000, "quantumsize": "8192",
	})
	a.holds("sslprofile", "front", fields{"clientcert": "Mandatory", "maxage": 31536000})
	a.add("sslprofile", fields{
		"name": "back", "sslprofiletype": "BackEnd",
		"serverauth": "ENABLED", "commonname": "backend.example", "snienable": "ENABLED",
	})
	a.update("sslprofile", "back", fields{"name": "back", "commonname": "backend.shop.example"})
	a.holds("sslprofile", "back", fields{"commonname": "backend.shop.example"})

	const ciphers = "sslprofile_sslcipher_binding"
	a.put(ciphers, fields{
		"name": "front", "ciphername": "TLS1.2-ECDHE-ECDSA-AES256-GCM-SHA384", "cipherpriority": 2,
	})
	a.bind("sslprofile", "front", "sslcipher", "HIGH", fields{
		"name": "front", "ciphername": "HIGH", "cipherpriority": 3,
	})
	a.isBound(ciphers, "front", fields{"cipheraliasname": "HIGH", "cipherpriority": 3}, 1)
	for _, name := range []string{"DEFAULT", "HIGH"} {
		args := map[string]string{"ciphername": name}
		if err := a.DeleteResourceWithArgsMap(ciphers, "front", args); err != nil {
			a.t.Fatal(err)
		}
		a.isBound(ciphers, "front", fields{"cipheraliasname": name}, 0)
	}
	const curves = "sslprofile_ecccurve_binding"
	a.unbind(curves, "front", map[string]string{"ecccurvename": "P_224"})
	a.put(curves, fields{"name": "front", "ecccurvename": "X_25519"})
	a.isBound(curves, "front", fields{"ecccurvename": "X_25519"}, 1)
}

func backEnd(a *appliance) {
	a.t.Helper()
	a.add("server", fields{"name": "pod-1", "ipaddress": "10.0.0.1", "comment": "one"})
	a.add("server", fields{"name": "pod-2", "ipaddress": "10.0.0.2"})
	a.update("server", "pod-1", fields{"name": "pod-1", "comment": "first"})
	a.holds("server", "pod-1", fields{"ipaddress": "10.0.0.1", "comment": "first", "state": "ENABLED"})
	a.act("server", "disable", fields{"name": "pod-2"})
	a.holds("server", "pod-2", fields{"state": "DISABLED"})
	a.act("server", "enable", fields{"name": "pod-2"})

	a.add("lbmonitor", fields{"monitorname": "health", "type": "HTTP", "httprequest": "GET /health"})
	a.update("lbmonitor", "health", fields{"monitorname": "health", "type": "HTTP", "interval": 10})
	a.holds("lbmonitor", "health", fields{"type": "HTTP", "interval": 10})

	a.add("servicegroup", fields{"servicegroupname": "shop", "servicetype": "SSL"})
	a.update("servicegroup", "shop", fields{"servicegroupname": "shop", "comment": "shop:443"})
	a.holds("servicegroup", "shop", fields{"servicetype": "SSL", "comment": "shop:443"})
	const members = "servicegroup_servicegroupmember_binding"
	a.put(members, fields{"servicegroupname": "shop", "servername": "pod-1", "port": 8443})
	a.add(members, fields{"servicegroupname": "shop", "servername": "pod-2", "port": "8443"})
	a.isBound(members, "shop", fields{"servername": "pod-1", "ip": "10.0.0.1", "port": 8443}, 1)
	a.unbind(members, "shop", map[string]string{"servername": "pod-2", "port": "8443"})
	a.bind("servicegroup", "shop", "lbmonitor", "health", fields{
		"servicegroupname": "shop", "monitor_name": "health",
	})
	a.isBound("servicegroup_lbmonitor_binding", "shop", fields{"monitor_name": "health"}, 1)

	a.update("sslservicegroup", "shop", fields{"servicegroupname": "shop", "sslprofile": "back"})
	a.holds("sslservicegroup", "shop", fields{"sslprofile": "back"})
	const bindings = "sslservicegroup_sslcertkey_binding"
	a.bind("sslservicegroup", "shop", "sslcertkey", "server-ca", fields{
		"servicegroupname": "shop", "certkeyname": "server-ca", "ca": true,
	})
	a.put(bindings, fields{"servicegroupname": "shop", "certkeyname": "client"})
	a.isBound(bindings, "shop", fields{"certkeyname": "server-ca", "ca": true}, 1)
	a.isBound(bindings, "shop", fields{"certkeyname": "client", "ca": false}, 1)

	a.add("lbvserver", fields{"name": "shop", "servicetype": "HTTP", "lbmethod": "ROUNDROBIN"})
	a.update("lbvserver", "shop", fields{"name": "shop", "persistencetype": "SOURCEIP"})
	a.holds("lbvserver", "shop", fields{"lbmethod": "ROUNDROBIN", "persistencetype": "SOURCEIP"})
	a.act("lbvserver", "unset", fields{"name": "shop", "persistencetype": true})
	a.holds("lbvserver", "shop", fields{"persistencetype": "NONE"})
	a.bind("lbvserver", "shop", "servicegroup", "shop", fields{
		"name": "shop", "servicegroupname": "shop",
	})
	a.isBound("lbvserver_servicegroup_binding", "shop", fields{"servicegroupname": "shop"}, 1)
	a.add("lbvserver", fields{"name": "nowhere", "servicetype": "HTTP"})
	found, err := a.FindFilteredResourceArray("lbvserver", map[string]string{"name": "nowhere"})
	if err != nil || len(found) != 1 {
		a.t.Fatalf("filtered %v, error %v", found, err)
	}
	all, err := a.FindAllResources("lbvserver")
	if err != nil || len(all) != 2 {
		a.t.Fatalf("listed %v, error %v", all, err)
	}
}

func policies(a *appliance) {
	a.t.Helper()
	a.add("csaction", fields{"name": "shop", "targetlbvserver": "nowhere"})
	a.update("csaction", "shop", fields{"name": "shop", "targetlbvserver": "shop"})
	a.holds("csaction", "shop", fields{"targetlbvserver": "shop"})
	a.add("cspolicy", fields{"policyname": "shop", "rule": rule, "action": "shop"})
	a.holds("cspolicy", "shop", fields{"rule": rule, "action": "shop"})

	a.add("responderaction", fields{"name": "404", "type": "respondwith", "target": notFound})
	a.add("responderpolicy", fields{"name": "404", "rule": "TRUE", "action": "404"})
	a.update("responderpolicy", "404", fields{"name": "404", "comment": "nothing here"})
	a.holds("responderpolicy", "404", fields{"action": "404", "comment": "nothing here"})
	a.bind("lbvserver", "nowhere", "responderpolicy", "404", fields{
		"name": "nowhere", "policyname": "404", "priority": 1, "bindpoint": "REQUEST",
	})

	a.add("rewriteaction", fields{
		"name": "subject", "type": "insert_http_header", "target": "X-Client-Subject",
		"stringbuilderexpr": "CLIENT.SSL.CLIENT_CERT.SUBJECT",
	})
	a.add("rewritepolicy", fields{
		"name": "subject", "rule": "CLIENT.SSL.CLIENT_CERT.EXISTS", "action": "subject",
	})
	a.holds("rewritepolicy", "subject", fields{"action": "subject"})
}

func frontEnd(a *appliance) {
	a.t.Helper()
	a.add("csvserver", fields{
		"name": "front", "servicetype": "SSL", "ipv46": "192.0.2.10", "port": "443",
	})
	a.update("csvserver", "front", fields{"name": "front", "comment": "vip"})
	a.holds("csvserver", "front", fields{"ipv46": "192.0.2.10", "port": 443, "comment": "vip"})
	a.act("csvserver", "unset", fields{"name": "front", "comment": true})
	if comment := a.find("csvserver", "front")["comment"]; comment != nil {
		a.t.Errorf("comment is still %v", comment)
	}

	a.update("sslvserver", "front", fields{"vservername": "front", "sslprofile": "front"})
	a.holds("sslvserver", "front", fields{"sslprofile": "front"})
	const bindings = "sslvserver_sslcertkey_binding"
	a.bind("sslvserver", "front", "sslcertkey", "client-ca", fields{
		"vservername": "front", "certkeyname": "client-ca", "ca": true, "ocspcheck": "Optional",
	})
	a.put(bindings, fields{"vservername": "front", "certkeyname": "shop", "snicert": true})
	a.put(bindings, fields{"vservername": "front", "certkeyname": "client"})
	a.isBound(bindings, "front", fields{"certkeyname": "client-ca", "ca": true}, 1)
	a.isBound(bindings, "front", fields{"certkeyname": "shop", "snicert": true}, 1)
	a.isBound(bindings, "front", fields{"certkeyname": "client", "ca": false, "snicert": false}, 1)
	fails(a.t, a.UnbindResource("sslvserver", "front", "sslcertkey", "client-ca", "certkeyname"),
		"599 Netscaler specific error", `"errorcode": 1542`)

	a.bind("csvserver", "front", "cspolicy", "shop", fields{
		"name": "front", "policyname": "shop", "priority": 100,
	})
	a.isBound("csvserver_cspolicy_binding", "front", fields{"policyname": "shop", "priority": 100}, 1)
	a.bind("csvserver", "front", "lbvserver", "nowhere", fields{
		"name": "front", "lbvserver": "nowhere",
	})
	a.isBound("csvserver_lbvserver_binding", "front", fields{"lbvserver": "nowhere"}, 1)
	a.bind("csvserver", "front", "rewritepolicy", "subject", fields{
		"name": "front", "policyname": "subject", "priority": 10, "bindpoint": "REQUEST",
		"gotopriorityexpression": "NEXT",
	})
	a.bind("csvserver", "front", "responderpolicy", "404", fields{
		"name": "front", "policyname": "404", "priority": 10, "bindpoint": "REQUEST",
	})
	if !a.ResourceBindingExists("csvserver", "front", "responderpolicy", "policyname", "404") {
		a.t.Error("the responder policy is not found by filter")
	}
	a.act("csvserver", "disable", fields{"name": "front"})
	a.act("csvserver", "enable", fields{"name": "front"})
}

func takeDownFrontEnd(a *appliance) {
	a.t.Helper()
	fails(a.t, a.DeleteResource("cspolicy", "shop"), `"errorcode": 810`)
	fails(a.t, a.DeleteResource("sslcertkey", "shop"), `"errorcode": 1541`)
	fails(a.t, a.DeleteResource("sslprofile", "front"), `"errorcode": 3680`)
	for kind, policy := range map[string]string{
		"csvserver_responderpolicy_binding": "404",
		"csvserver_rewritepolicy_binding":   "subject",
	} {
		a.unbind(kind, "front", map[string]string{
			"policyname": policy, "priority": "10", "bindpoint": "REQUEST",
		})
	}
	if err := a.UnbindResource("csvserver", "front", "cspolicy", "shop", "policyname"); err != nil {
		a.t.Fatal(err)
	}
	a.isBound("csvserver_cspolicy_binding", "front", fields{"policyname": "shop"}, 0)
	a.unbind("csvserver_lbvserver_binding", "front", map[string]string{"lbvserver": "nowhere"})
	const bindings = "sslvserver_sslcertkey_binding"
	a.unbind(bindings, "front", map[string]string{"certkeyname": "client-ca", "ca": "true"})
	a.unbind(bindings, "front", map[string]string{"certkeyname": "shop", "snicert": "true"})
	a.unbind(bindings, "front", map[string]string{"certkeyname": "client"})
	a.remove("csvserver", "front")
	if a.ResourceExists("sslvserver", "front") {
		a.t.Error("the SSL side of the virtual server is still there")
	}
}

func takeDownPolicies(a *appliance) {
	a.t.Helper()
	fails(a.t, a.DeleteResource("lbvserver", "shop"), `"errorcode": 1371`)
	fails(a.t, a.DeleteResource("csaction", "shop"), `"errorcode": 1372`)
	a.unbind("lbvserver_responderpolicy_binding", "nowhere", map[string]string{
		"policyname": "404", "priority": "1", "bindpoint": "REQUEST",
	})
	for _, object := range [][2]string{
		{"cspolicy", "shop"}, {"csaction", "shop"},
		{"responderpolicy", "404"}, {"responderaction", "404"},
		{"rewritepolicy", "subject"}, {"rewriteaction", "subject"},
	} {
		a.remove(object[0], object[1])
	}
}

func takeDownBackEnd(a *appliance) {
	a.t.Helper()
	a.unbind("lbvserver_servicegroup_binding", "shop", map[string]string{"servicegroupname": "shop"})
	a.remove("lbvserver", "shop")
	a.remove("lbvserver", "nowhere")
	a.unbind("servicegroup_lbmonitor_binding", "shop", map[string]string{"monitor_name": "health"})
	const bindings = "sslservicegroup_sslcertkey_binding"
	a.unbind(bindings, "shop", map[string]string{"certkeyname": "server-ca", "ca": "true"})
	a.unbind(bindings, "shop", map[string]string{"certkeyname": "client"})
	a.unbind("servicegroup_servicegroupmember_binding", "shop", map[string]string{
		"servername": "pod-1", "port": "8443",
	})
	a.remove("servicegroup", "shop")
	monitor := map[string]string{"type": "HTTP"}
	if err := a.DeleteResourceWithArgsMap("lbmonitor", "health", monitor); err != nil {
		a.t.Fatal(err)
	}
	a.remove("server", "pod-1")
	a.remove("server", "pod-2")
}

func takeDownCertificates(a *appliance) {
	a.t.Helper()
	a.remove("sslprofile", "front")
	a.remove("sslprofile", "back")
	fails(a.t, a.DeleteResource("sslcertkey", "server-ca"), `"errorcode": 1541`)
	a.act("sslcertkey", "unlink", fields{"certkey": "shop"})
	for _, name := range []string{"shop", "client", "server-ca", "client-ca"} {
		a.remove("sslcertkey", name)
	}
	for _, name := range []string{
		"shop-2.crt", "shop-2.key", "client.crt", "client.key", "server-ca.crt", "client-ca.crt",
	} {
		a.removeFile(name)
	}
}
