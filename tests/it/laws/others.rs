//! SSL profiles that somebody else has put on the appliance, and changes there.

use mock_nitro::Appliance;
use mock_nitro::message::Request;
use serde_json::{Value, json};

/// How the names of all of them start.
pub(super) const START: &str = "others-";

/// Towards clients: with and without client certificates.
pub(super) const FRONT_END: [&str; 2] = ["others-strict", "others-plain"];

/// Towards back ends: verified by either host, or not at all.
pub(super) const BACK_END: [&str; 3] = ["others-a", "others-b", "others-any"];

/// Makes them.
pub(super) fn install(appliance: &mut Appliance) {
    let profiles = [
        json!({ "name": FRONT_END[0], "snienable": "ENABLED", "clientauth": "ENABLED" }),
        json!({ "name": FRONT_END[1], "snienable": "ENABLED" }),
        json!({ "name": BACK_END[0], "sslprofiletype": "BackEnd" }),
        json!({ "name": BACK_END[1], "sslprofiletype": "BackEnd" }),
        json!({ "name": BACK_END[2], "sslprofiletype": "BackEnd" }),
    ];
    for profile in profiles {
        send(appliance, ("POST", "sslprofile", None), &json!({ "sslprofile": profile }));
    }
    change(appliance, false);
}

/// Somebody turns them round: what was demanded is not, and what was not is; or puts that back.
pub(super) fn change(appliance: &mut Appliance, is_turned: bool) {
    let set = |appliance: &mut _, fields: Value| {
        send(appliance, ("PUT", "sslprofile", None), &json!({ "sslprofile": fields }));
    };
    let [strict, plain] = if is_turned { ["DISABLED", "ENABLED"] } else { ["ENABLED", "DISABLED"] };
    set(appliance, json!({ "name": FRONT_END[0], "clientauth": strict }));
    set(appliance, json!({ "name": FRONT_END[1], "clientauth": plain }));
    for (name, host) in BACK_END.iter().zip(["a.example", "b.example"]) {
        if is_turned {
            let unset = json!({ "sslprofile": { "name": name, "commonname": true } });
            send(appliance, ("POST", "sslprofile", Some("action=unset")), &unset);
            set(appliance, json!({ "name": name, "serverauth": "DISABLED" }));
        } else {
            set(appliance, json!({ "name": name, "serverauth": "ENABLED", "commonname": host }));
        }
    }
    send(appliance, ("POST", "nsconfig", Some("action=save")), &json!({ "nsconfig": {} }));
}

fn send(
    appliance: &mut Appliance,
    (method, kind, query): (&str, &str, Option<&str>),
    body: &Value,
) {
    let headers =
        ["X-NITRO-USER", "X-NITRO-PASS"].map(|name| (name.to_owned(), "nsroot".to_owned()));
    let answer = appliance.handle(&Request {
        method: method.to_owned(),
        path: format!("/nitro/v1/config/{kind}"),
        query: query.map(str::to_owned),
        headers: headers.to_vec(),
        body: body.to_string().into_bytes(),
    });
    let said = String::from_utf8_lossy(&answer.body);
    assert!(answer.status < 300, "{method} {kind} {body} was refused: {said}");
}
