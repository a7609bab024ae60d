//! The chart makes what an API server accepts, of values that are right, and of no others.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use k8s_openapi::api::core::v1::{Namespace, Pod};
use kube::api::{Patch, PatchParams, PostParams};
use kube::{Api, Error};
use serde_json::{Value, json};

use crate::access::{User, object};
use crate::api_server::Cluster;
use crate::helm::{CHART, Values, file, only};

/// Kinds that the API server of the tests does not know.
const UNKNOWN: [&str; 2] = ["PrometheusRule", "ServiceMonitor"];

pub(crate) async fn lint_has_nothing_to_say(cluster: &Cluster) {
    for values in Values::all(cluster).await {
        let said = cluster.server.helm(&["lint", "--strict", "--quiet", CHART, "-f", &values.path]);
        assert_eq!(said.content(), "", "{}", values.name);
    }
}

pub(crate) async fn an_api_server_takes_what_it_makes(cluster: &Cluster) {
    cluster.server.crds().await;
    for values in Values::all(cluster).await {
        let mut objects = values.rendered(&cluster.server);
        objects.retain(|object| UNKNOWN.iter().all(|kind| object["kind"] != *kind));
        let list = json!({ "apiVersion": "v1", "kind": "List", "items": objects });
        let manifests = cluster.server.folder.join(format!("{}.json", values.release));
        fs::write(&manifests, list.to_string()).unwrap();
        let mut kubectl = cluster.server.command("kubectl", &User::admin());
        kubectl.args(["create", "--dry-run=server", "--validate=strict", "-f"]).arg(&manifests);
        let output = kubectl.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}: {said}", values.name);
        assert_eq!(said, "", "{}", values.name);
    }
}

pub(crate) async fn its_pods_are_restricted_unless_a_cpx_is_in_them(cluster: &Cluster) {
    for values in Values::all(cluster).await {
        let namespaces: Api<Namespace> = Api::all(cluster.server.client());
        let label = json!({ "metadata": { "labels": {
            "pod-security.kubernetes.io/enforce": "restricted",
        } } });
        let patch = Patch::Merge(label);
        namespaces.patch(&values.release, &PatchParams::default(), &patch).await.unwrap();
        let objects = values.rendered(&cluster.server);
        let mut template = only(&objects, "Deployment")["spec"]["template"].clone();
        template["metadata"]["name"] = "pod".into();
        let pods: Api<Pod> = Api::namespaced(cluster.server.client(), &values.release);
        let dry_run = PostParams { dry_run: true, field_manager: None };
        let whole = pods.create(&dry_run, &object(template.clone())).await;
        if values.name == "cpx" {
            let Err(Error::Api(refusal)) = whole else { panic!("{whole:?}") };
            assert!(refusal.message.contains("privileged"), "{}", refusal.message);
            assert!(!refusal.message.contains("\"controller\""), "{}", refusal.message);
            let containers = template["spec"]["containers"].as_array_mut().unwrap();
            containers.retain(|container| container["name"] == "controller");
            pods.create(&dry_run, &object(template)).await.unwrap();
        } else {
            whole.unwrap_or_else(|error| panic!("{}: {error}", values.name));
        }
    }
}

pub(crate) async fn the_controller_alone_has_a_token(cluster: &Cluster) {
    for values in Values::all(cluster).await {
        let objects = values.rendered(&cluster.server);
        let spec = &only(&objects, "Deployment")["spec"]["template"]["spec"];
        assert_eq!(spec["automountServiceAccountToken"], false);
        let containers = spec["containers"].as_array().unwrap();
        let with_token = containers.iter().filter(|container| {
            container["volumeMounts"].as_array().unwrap().iter().any(|mount| mount["name"] == "api")
        });
        let names: Vec<&Value> = with_token.map(|container| &container["name"]).collect();
        assert_eq!(names, ["controller"], "{}", values.name);
    }
}

pub(crate) async fn its_variables_are_those_of_the_program(cluster: &Cluster) {
    let mut help = Command::new(env!("CARGO_BIN_EXE_nitro-ingress"));
    let help = help.args(["controller", "--help"]).env_clear().output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    for values in Values::all(cluster).await {
        let objects = values.rendered(&cluster.server);
        let containers = &only(&objects, "Deployment")["spec"]["template"]["spec"]["containers"];
        for variable in containers[0]["env"].as_array().unwrap() {
            let name = variable["name"].as_str().unwrap();
            let is_known = help.contains(&format!("[env: {name}=]"));
            assert!(is_known, "{}: {name} is no variable of the program", values.name);
            assert_ne!(name, "NITRO_PASSWORD", "a password comes as a file");
        }
    }
}

pub(crate) async fn the_program_understands_every_variable(cluster: &Cluster) {
    let folder = &cluster.server.folder;
    fs::write(folder.join("password-of-the-chart"), "nsroot").unwrap();
    for values in Values::all(cluster).await {
        let objects = values.rendered(&cluster.server);
        let pod = &only(&objects, "Deployment")["spec"]["template"]["spec"];
        let container = &pod["containers"][0];
        let mut program = Command::new(env!("CARGO_BIN_EXE_nitro-ingress"));
        let arguments: Vec<String> = serde_json::from_value(container["args"].clone()).unwrap();
        program.args(arguments).env_clear().env("NITRO_INGRESS_KUBECONFIG", "/nowhere");
        for variable in container["env"].as_array().unwrap() {
            let name = variable["name"].as_str().unwrap();
            match name {
                // What is mounted in a pod.
                "NITRO_PASSWORD_FILE" => program.env(name, folder.join("password-of-the-chart")),
                "NITRO_CA_FILE" => program.env(name, folder.join("authority.crt")),
                _ => program.env(name, variable["value"].as_str().unwrap_or("nitro-ingress")),
            };
        }
        if values.name == "cpx" {
            program.env("NITRO_PASSWORD_FILE", folder.join("password-of-the-chart"));
        }
        let output = program.output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains("cannot use the kubeconfig"), "{}: {said}", values.name);
    }
}

pub(crate) async fn a_netscaler_object_says_what_the_values_say(cluster: &Cluster) {
    let values = Values::of(&cluster.server, "pair").await;
    let objects = values.rendered(&cluster.server);
    assert_eq!(
        only(&objects, "NetScaler")["spec"],
        json!({
            "endpoints": ["https://192.0.2.2", "https://192.0.2.3"],
            "credentials": { "secretName": "netscaler" },
            "insecure": true,
            "defaultVip": "192.0.2.10",
            "vipNamespaces": { "192.0.2.10": [values.shop] },
            "save": "Never",
            "brake": { "count": 10, "percent": 5 },
            "drift": "Report",
        })
    );
    assert_eq!(only(&objects, "IngressClass")["spec"]["parameters"]["name"], "edge");
}

pub(crate) async fn monitoring_gets_the_rules_and_the_dashboard_of_the_files(cluster: &Cluster) {
    let objects = Values::of(&cluster.server, "watched").await.rendered(&cluster.server);
    let rules = file("alerts/nitro-ingress.yaml");
    assert_eq!(only(&objects, "PrometheusRule")["spec"], rules);
    let dashboard = &only(&objects, "ConfigMap")["data"]["nitro-ingress.json"];
    let dashboard: Value = serde_json::from_str(dashboard.as_str().unwrap()).unwrap();
    assert_eq!(dashboard, file("dashboards/nitro-ingress.json"));
    let selector = &only(&objects, "ServiceMonitor")["spec"]["selector"]["matchLabels"];
    let labels = &only(&objects, "Service")["metadata"]["labels"];
    for (name, value) in selector.as_object().unwrap() {
        assert_eq!(labels[name], *value, "the Service has not the label {name}");
    }
}

pub(crate) async fn the_values_of_the_page_are_right(cluster: &Cluster) {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/install.md");
    let page = fs::read_to_string(page).unwrap();
    let blocks = page.split("```yaml\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let blocks: Vec<&str> = blocks.collect();
    assert_eq!(blocks.len(), 3);
    for (number, block) in blocks.into_iter().enumerate() {
        let path = cluster.server.folder.join(format!("page-{number}.yaml"));
        fs::write(&path, block).unwrap();
        let values = ["lint", "--strict", "--quiet", CHART, "-f", path.to_str().unwrap()];
        assert_eq!(cluster.server.helm(&values).content(), "", "{block}");
    }
}

pub(crate) async fn the_schema_is_closed_and_knows_every_value(_: &Cluster) {
    let (schema, values) = (file("values.schema.json"), file("values.yaml"));
    let mut open = Vec::new();
    look_for_open(&schema, "", &mut open);
    assert_eq!(open, ["/properties/global"], "what it does not know must be refused");
    assert_same(&schema, &values, "");
}

/// The places of object types that take members that they do not name.
fn look_for_open(schema: &Value, place: &str, open: &mut Vec<String>) {
    if let Value::Object(members) = schema {
        let others = &schema["additionalProperties"];
        let is_closed = *others == false || others.is_object();
        if schema["type"] == "object" && !is_closed {
            open.push(place.to_owned());
        }
        for (name, member) in members {
            look_for_open(member, &format!("{place}/{name}"), open);
        }
    }
}

/// The values name what the schema names, where the schema names something.
fn assert_same(schema: &Value, values: &Value, place: &str) {
    let Value::Object(properties) = &schema["properties"] else { return };
    let known: BTreeSet<&String> = properties.keys().filter(|name| *name != "global").collect();
    let Value::Object(values) = values else { panic!("{place} is no object") };
    assert_eq!(known, values.keys().collect(), "at {place}/");
    for (name, value) in values {
        assert_same(&properties[name], value, &format!("{place}/{name}"));
    }
}

pub(crate) async fn the_schema_refuses_each_wrong_value(cluster: &Cluster) {
    let values = Values::of(&cluster.server, "appliance").await;
    let render = |set: &str| {
        cluster.server.helm(&["template", CHART, "-f", &values.path, "--set-json", set])
    };
    render("replicas=1").content();
    for wrong in WRONG {
        let said = render(wrong);
        assert!(!said.is_success, "{wrong} is accepted");
        let (place, _) = wrong.split_once('=').unwrap();
        let place = place.split(['.', '[']).next().unwrap();
        assert!(said.err.contains("schema") && said.err.contains(place), "{wrong}: {}", said.err);
    }
}

const WRONG: [&str; 36] = [
    "aplliance={}",
    r#"appliance.url="https://192.0.2.2""#,
    r#"appliance.endpoints=["http://192.0.2.2"]"#,
    r#"appliance.endpoints=["https://nsroot:secret@192.0.2.2"]"#,
    r#"appliance.endpoints=["https://192.0.2.2/nitro/v1"]"#,
    r#"appliance.endpoints=["https://a","https://b","https://c"]"#,
    r#"appliance.credentialsSecret="Net Scaler""#,
    r#"appliance.password="secret""#,
    r#"appliance.ca="/etc/ssl/ca.crt""#,
    r#"appliance.ca="-----BEGIN CERTIFICATE-----\n-----BEGIN PRIVATE KEY-----""#,
    r#"appliance.insecure="no""#,
    r#"appliance.prefix="k8s-cluster""#,
    r#"appliance.defaultVip="vip.example""#,
    r#"appliance.vipNamespaces={"vip.example":["shop"]}"#,
    r#"appliance.vipNamespaces={"192.0.2.10":[]}"#,
    r#"appliance.save="always""#,
    "netScaler.brake.percent=101",
    r#"netScaler.drift="Ignore""#,
    r#"cpx.eula="no""#,
    "cpx.service.ports=[]",
    r#"cpx.service.ports=[{"name":"http","port":70000}]"#,
    r#"namespaces="shop""#,
    r#"namespaces=["Shop"]"#,
    r#"namespaceSelector="team = shop""#,
    r#"ingressClass.name="""#,
    r#"controller.controllerNames=["citrix.com"]"#,
    r#"controller.configMap="defaults""#,
    r#"controller.members="nodes""#,
    "controller.drainDelay=-1",
    r#"controller.secretsMode="list""#,
    r#"controller.resync="3600""#,
    r#"controller.logLevel="INFO""#,
    r#"image.digest="0123""#,
    "replicas=0",
    "resources.limits.memory=512",
    r#"networkPolicy.applianceCidrs=["192.0.2.2"]"#,
];

pub(crate) async fn values_that_do_not_go_together_are_refused(cluster: &Cluster) {
    for (name, sets, said) in APART {
        let values = Values::of(&cluster.server, name).await;
        let mut arguments = vec!["template", CHART, "-f", &values.path];
        arguments.extend(sets.iter().flat_map(|set| ["--set-json", set]));
        let refused = cluster.server.helm(&arguments);
        assert!(!refused.is_success, "{sets:?} is accepted");
        assert!(refused.err.contains(said), "{sets:?}: {}", refused.err);
    }
}

const APART: [(&str, &[&str], &str); 12] = [
    ("namespaces", &[r#"namespaceSelector="a=b""#], "exclude each other"),
    ("appliance", &[r#"appliance.credentialsSecret="""#], "appliance.credentialsSecret: name a"),
    ("default", &["netScaler.create=true"], "appliance.endpoints: netScaler.create needs"),
    ("verified", &["appliance.insecure=true"], "appliance.ca and appliance.insecure exclude"),
    (
        "appliance",
        &[r#"appliance.endpoints=["https://192.0.2.2","https://192.0.2.3"]"#],
        "two addresses need netScaler.create",
    ),
    ("appliance", &[r#"appliance.save="Never""#], "appliance.save: Never needs"),
    ("placed", &[r#"serviceAccount.name="""#], "serviceAccount.name: name the"),
    ("cpx", &[r#"appliance.endpoints=["https://192.0.2.2"]"#], "the appliance is the CPX"),
    ("cpx", &["replicas=2"], "set replicas to 1"),
    ("cpx", &[r#"cpx.eula="""#], "cpx.eula: must be \"yes\""),
    ("cpx", &[r#"cpx.image.tag="""#], "cpx.image.tag: name a version"),
    ("cpx", &["networkPolicy.create=true"], "there is no policy for it"),
];
