//! Who holds the lease, against an API server that answers as it is told.

use std::sync::{Arc, Mutex as Shared};

use http::{Method, Request, Response, StatusCode};
use http_body_util::BodyExt;
use kube::client::Body;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::*;

/// An API server that knows one lease, and what is wrong with its next answers.
#[derive(Default)]
struct Server {
    lease: Option<Value>,
    /// How many there were.
    made: u64,
    version: u64,
    faults: Vec<Fault>,
    requests: usize,
}

#[derive(Clone, Copy, PartialEq)]
enum Fault {
    None,
    Refused,
    /// Carried out, and the answer is lost.
    Lost,
    /// Somebody else writes first.
    Overtaken,
}

type Api = Arc<Shared<Server>>;

fn answer(server: &mut Server, method: &Method, body: Option<Value>) -> (StatusCode, Value) {
    let status = |code: StatusCode| {
        let body = json!({
            "apiVersion": "v1", "kind": "Status", "status": "Failure", "message": "no",
            "reason": code.canonical_reason().unwrap().replace(' ', ""), "code": code.as_u16(),
        });
        (code, body)
    };
    server.version += 1;
    match (method, body, &server.lease) {
        (&Method::POST, Some(mut body), None) => {
            server.made += 1;
            body["metadata"]["uid"] = json!(server.made.to_string());
            body["metadata"]["resourceVersion"] = json!(server.version.to_string());
            server.lease = Some(body);
        }
        (&Method::PUT, Some(mut body), Some(lease)) => {
            if body["metadata"]["resourceVersion"] != lease["metadata"]["resourceVersion"] {
                return status(StatusCode::CONFLICT);
            }
            body["metadata"]["resourceVersion"] = json!(server.version.to_string());
            server.lease = Some(body);
        }
        (&Method::GET, _, Some(_)) => (),
        (&Method::GET, ..) => return status(StatusCode::NOT_FOUND),
        _ => return status(StatusCode::CONFLICT),
    }
    (StatusCode::OK, server.lease.clone().unwrap())
}

async fn serve(api: Api, request: Request<Body>) -> Result<Response<Body>, &'static str> {
    let (head, body) = request.into_parts();
    let body = serde_json::from_slice(&body.collect().await.unwrap().to_bytes()).ok();
    let mut server = api.lock().unwrap();
    server.requests += 1;
    let fault = if server.faults.is_empty() { Fault::None } else { server.faults.remove(0) };
    if fault == Fault::Refused {
        return Err("no connection");
    }
    if fault == Fault::Overtaken {
        server.version += 1;
        let version = json!(server.version.to_string());
        server.lease.as_mut().unwrap()["metadata"]["resourceVersion"] = version;
    }
    let (code, body) = answer(&mut server, &head.method, body);
    if fault == Fault::Lost {
        return Err("the connection was reset");
    }
    let body = Body::from(serde_json::to_vec(&body).unwrap());
    Ok(Response::builder().status(code).body(body).unwrap())
}

fn lease(api: &Api, who: &str, millis: u64) -> (Arc<Lease>, Fence) {
    let (api, fence) = (Arc::clone(api), Fence::default());
    let service = tower::service_fn(move |request| serve(Arc::clone(&api), request));
    let client = Client::new(service, "ours");
    let duration = Duration::from_millis(millis);
    let key = ObjectKey::new("ours", "lease");
    (Arc::new(Lease::new(client, key, (who.to_owned(), duration), fence.clone())), fence)
}

fn holder(api: &Api) -> Option<String> {
    let lease = api.lock().unwrap().lease.clone()?;
    lease["spec"]["holderIdentity"].as_str().map(str::to_owned)
}

/// The term, and whether the lease was taken from somebody.
fn leads(lease: &Lease) -> Option<(u64, bool)> {
    match *lease.standing().borrow() {
        Standing::Leader { term, taken_over, .. } => Some((term, taken_over.is_some())),
        Standing::Unknown | Standing::Follower { .. } => None,
    }
}

fn keep(lease: &Arc<Lease>) -> JoinHandle<()> {
    let lease = Arc::clone(lease);
    tokio::spawn(async move { lease.keep().await })
}

const LONG: u64 = 60_000;

#[tokio::test]
async fn one_that_another_held_and_that_is_gone_is_taken_over() {
    let api = Api::default();
    let ((first, fence), (second, _)) = (lease(&api, "first", LONG), lease(&api, "second", LONG));
    assert!(first.confirm().await && !second.confirm().await);
    assert_eq!(leads(&first), Some((1, false)));
    api.lock().unwrap().lease = None;
    let before = Instant::now();
    assert!(second.confirm().await);
    assert_eq!(leads(&second), Some((1, true)));
    let Standing::Leader { taken_over: Some(renewed), .. } = *second.standing().borrow() else {
        panic!("nobody was there");
    };
    assert!(renewed >= before, "it may have been renewed until it was gone");
    assert!(fence.is_open());
    assert!(!first.confirm().await && !fence.is_open());
}

#[tokio::test]
async fn who_finds_its_own_gone_ends_first_and_takes_over_from_whoever_had_it() {
    let api = Api::default();
    let (first, fence) = lease(&api, "first", LONG);
    assert!(first.confirm().await);
    api.lock().unwrap().lease = None;
    assert!(!first.confirm().await && !fence.is_open());
    assert_eq!((leads(&first), holder(&api)), (None, None));
    assert!(first.confirm().await && fence.is_open());
    assert_eq!(leads(&first), Some((2, true)));
}

#[tokio::test]
async fn one_that_was_made_anew_and_given_up_was_not_given_up_by_who_had_the_old_one() {
    let api = Api::default();
    let ((first, _), (second, _)) = (lease(&api, "first", LONG), lease(&api, "second", LONG));
    assert!(first.confirm().await && !second.confirm().await);
    api.lock().unwrap().lease = None;
    let (third, _) = lease(&api, "third", LONG);
    assert!(third.confirm().await);
    third.release().await;
    assert_eq!(holder(&api), None);
    api.lock().unwrap().faults = vec![Fault::None, Fault::Refused];
    assert!(!second.confirm().await);
    assert!(second.confirm().await);
    assert_eq!(leads(&second), Some((1, true)));
}

#[tokio::test]
async fn a_takeover_whose_answer_is_lost_is_one() {
    let api = Api::default();
    let ((first, _), (second, _)) = (lease(&api, "first", 1000), lease(&api, "second", 1000));
    assert!(first.confirm().await && !second.confirm().await);
    tokio::time::sleep(Duration::from_millis(1100)).await;
    api.lock().unwrap().faults = vec![Fault::None, Fault::Lost];
    assert!(!second.confirm().await);
    assert_eq!(holder(&api).as_deref(), Some("second"));
    assert!(second.confirm().await);
    assert_eq!(leads(&second), Some((1, true)));
}

#[tokio::test]
async fn who_lost_and_got_it_again_leads_another_term() {
    let api = Api::default();
    let ((first, _), (second, _)) = (lease(&api, "first", 1000), lease(&api, "second", 1000));
    assert!(first.confirm().await);
    assert!(first.confirm().await);
    assert_eq!(leads(&first), Some((1, false)));
    assert!(!second.confirm().await);
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert!(second.confirm().await);
    second.release().await;
    // It has not looked meanwhile, and thinks that it leads.
    assert!(first.confirm().await);
    assert_eq!(leads(&first), Some((2, false)));
}

#[tokio::test]
async fn two_failed_renewals_in_a_row_change_nothing() {
    let api = Api::default();
    let (lease, fence) = lease(&api, "first", 1500);
    assert!(lease.confirm().await);
    let keeping = keep(&lease);
    for _ in 0..3 {
        let before = api.lock().unwrap().version;
        api.lock().unwrap().faults = vec![Fault::Refused, Fault::Refused];
        let mut closed = 0;
        while api.lock().unwrap().version < before + 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
            closed += usize::from(leads(&lease).is_some() && !fence.is_open());
        }
        assert_eq!(closed, 0);
    }
    keeping.abort();
}

#[tokio::test]
async fn one_that_was_given_up_is_not_taken_again() {
    let api = Api::default();
    let (lease, fence) = lease(&api, "first", 300);
    assert!(lease.confirm().await);
    let keeping = keep(&lease);
    lease.release().await;
    let before = api.lock().unwrap().requests;
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert!(!lease.confirm().await && !fence.is_open());
    assert_eq!((holder(&api), api.lock().unwrap().requests), (None, before));
    keeping.abort();
}

#[tokio::test]
async fn it_is_given_up_after_a_failed_round_and_after_an_approval() {
    let api = Api::default();
    for faults in [vec![Fault::Refused], vec![Fault::Overtaken]] {
        let (lease, _) = lease(&api, "first", LONG);
        assert!(lease.confirm().await);
        if faults[0] == Fault::Refused {
            api.lock().unwrap().faults = faults;
            assert!(!lease.confirm().await, "nobody has said so");
            assert!(leads(&lease).is_some(), "it is ours until its time is over");
        } else {
            api.lock().unwrap().faults = faults;
        }
        lease.release().await;
        assert_eq!(holder(&api), None);
    }
}
