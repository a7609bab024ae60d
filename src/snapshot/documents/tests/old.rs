//! Ingresses of old APIs.

use super::*;

const OLD: &str = r#"
apiVersion: extensions/v1beta1
kind: Ingress
metadata:
  annotations:
    ingress.citrix.com/ca-secret: '{"apache": "tls-ca"}'
    ingress.citrix.com/frontend-ip: 192.0.2.1
  name: web-ingress
spec:
  ingressClassName: citrix
  rules:
  - host: www.guestbook.com
    http:
      paths:
      - backend:
          serviceName: apache
          servicePort: 443
        path: /
  tls:
  - hosts:
    - www.guestbook.com
    secretName: wildcard-secret
"#;

fn spec(text: &str) -> String {
    format!(
        "apiVersion: networking.k8s.io/v1beta1\nkind: Ingress\nmetadata: {{name: web}}\nspec:\n\
         {text}\n"
    )
}

#[track_caller]
fn only(text: &str) -> (Sourced<Ingress>, Diagnostic) {
    let (mut snapshot, mut reading) = reads(text);
    assert_eq!(reading.unreadable, []);
    let diagnostic = reading.diagnostics.pop().unwrap();
    assert_eq!((reading.diagnostics, diagnostic.code), (vec![], Code::ApiOutdated));
    (snapshot.ingresses.pop_first().unwrap().1, diagnostic)
}

#[test]
fn an_old_ingress_means_what_its_new_form_means() {
    let new = &understood(INGRESS).ingresses[&ObjectKey::new("default", "web-ingress")];
    let (old, diagnostic) = only(OLD);
    assert_eq!(old.object, new.object);
    assert_eq!(diagnostic.problem, "\"extensions/v1beta1\" is served by no Kubernetes since 1.22");
    assert_eq!(diagnostic.place.map(|place| (place.line, place.column)), Some((2, 13)));
    let remedy = [
        "write it for networking.k8s.io/v1, like this:",
        "apiVersion: networking.k8s.io/v1",
        "spec:",
        "  rules:",
        "  - host: www.guestbook.com",
        "    http:",
        "      paths:",
        "      - path: /",
        "        pathType: ImplementationSpecific",
        "        backend: {service: {name: apache, port: {number: 443}}}",
    ];
    assert_eq!(diagnostic.remedy.lines().collect::<Vec<_>>(), remedy);
}

#[test]
fn parts_of_an_old_ingress_stand_where_it_has_them() {
    let (ingress, _) = only(OLD);
    let line = |field: &str| ingress.places.at(field).unwrap().line;
    let back_end = "spec.rules[0].http.paths[0].backend";
    assert_eq!(line(&format!("{back_end}.service.name")), 16);
    assert_eq!(line(&format!("{back_end}.service.port")), 17);
    assert_eq!(line("spec.rules[0].http.paths[0].pathType"), 15);
}

#[test]
fn a_default_back_end_and_ports_of_any_kind_are_converted() {
    let port_of = |port: &str| {
        let (ingress, diagnostic) =
            only(&spec(&format!("  backend: {{serviceName: web, servicePort: {port}}}")));
        let back_end = ingress.object.spec.clone().unwrap().default_backend.unwrap();
        let port = back_end.service.unwrap().port;
        (port.map(|port| (port.number, port.name)), diagnostic.remedy)
    };
    assert_eq!(port_of("80").0, Some((Some(80), None)));
    assert_eq!(port_of("\"80\"").0, Some((Some(80), None)));
    let (port, remedy) = port_of("http");
    assert_eq!(port, Some((None, Some("http".to_owned()))));
    let yaml = "\n  defaultBackend: {service: {name: web, port: {name: http}}}";
    assert!(remedy.ends_with(yaml), "{remedy}");
    assert_eq!(port_of("null").0, None);
}

#[test]
fn what_the_remedy_writes_is_read_as_the_same() {
    let rules = "  rules:\n  - host: '*.example.com'\n    http: {paths: [\n      \
        {path: '/a: b', backend: {serviceName: a, servicePort: http}},\n      \
        {path: /c, pathType: Exact, backend: {serviceName: a, servicePort: 1}}]}";
    let (ingress, diagnostic) = only(&spec(rules));
    let (_, yaml) = diagnostic.remedy.split_once('\n').unwrap();
    assert!(yaml.ends_with("# and 1 more in the same way"), "{yaml}");
    let written = format!("kind: Ingress\nmetadata: {{name: web}}\n{yaml}\n");
    let again = &understood(&written).ingresses[&ObjectKey::new("default", "web")];
    let first = |ingress: &Ingress| {
        let rule = ingress.spec.clone().unwrap().rules.unwrap().remove(0);
        (rule.host, rule.http.unwrap().paths.remove(0))
    };
    assert_eq!(first(&again.object), first(&ingress.object));
}

#[test]
fn a_list_of_old_ingresses_and_an_old_class_are_read() {
    let list = "apiVersion: extensions/v1beta1\nkind: IngressList\nitems:\n- metadata: {name: a}\n  \
                spec: {backend: {serviceName: a, servicePort: 1}}\n";
    let (ingress, _) = only(list);
    assert!(ingress.object.spec.as_ref().unwrap().default_backend.is_some());
    let class = "apiVersion: networking.k8s.io/v1beta1\nkind: IngressClass\n\
                 metadata: {name: c}\nspec: {controller: example.com/c}\n";
    let (snapshot, reading) = reads(class);
    assert_eq!(snapshot.ingress_classes.len(), 1);
    assert_eq!(reading.diagnostics[0].code, Code::ApiOutdated);
}

#[test]
fn forms_are_not_mixed() {
    let both = "{service: {name: a}, serviceName: b, servicePort: 1}";
    let [one] = refused(&spec(&format!("  backend: {both}"))).try_into().unwrap();
    assert!(one.contains("unknown field \"serviceName\""), "{one}");
    let new = INGRESS.replace("service:\n", "serviceName: a\n          service:\n");
    assert!(refused(&new)[0].contains("networking.k8s.io/v1 has service.name"), "{new}");
}
