//! A pair whose nodes change roles at any request: what counts as done is on the primary.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use mock_nitro::fault::{Delivery, Fault, Faults};
use mock_nitro::{Options, Pair};
use nitro_ingress::execute::{OpOutcome, Outcomes, execute};
use nitro_ingress::fence::Fence;
use nitro_ingress::model::{EntityId, Fields, Kind, Redacted};
use nitro_ingress::nitro::{
    Class, Client, Credentials, Error, HttpRequest, HttpResponse, Method, Request, SendError,
    Transport,
};
use nitro_ingress::observe::{self, observe};
use nitro_ingress::plan::{Op, Plan, plan};
use nitro_ingress::snapshot::Snapshot;
use nitro_ingress::translate::translate;

use crate::fixture::mark;
use crate::in_process::{run, to_mock};
use crate::turn::{NOW, cluster, policy};

/// The way to one node of a pair.
struct InPair<'a> {
    pair: &'a Mutex<Pair>,
    place: usize,
}

impl Transport for InPair<'_> {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, SendError> {
        match self.pair.lock().unwrap().handle(self.place, &to_mock(&request)) {
            Delivery::Answer(response) => {
                Ok(HttpResponse { status: response.status, body: Redacted::new(response.body) })
            }
            Delivery::Lost { .. } => {
                Err(SendError::NoAnswer { source: "the connection was reset".into() })
            }
        }
    }

    async fn pause(&self, _: Duration) {}
}

fn open() -> Fence {
    let fence = Fence::default();
    fence.open_until(Instant::now() + Duration::from_mins(10));
    fence
}

fn client_of<T: Transport>(transport: T, fence: &Fence) -> Client<T> {
    let Options { username, password, .. } = Options::default();
    let credentials = Credentials::new(username, Redacted::new(password));
    Client::new(transport, credentials).fenced(fence.clone()).of_pair()
}

/// One turn of a process that knows nothing from before, on the node that is the primary.
fn turn(pair: &Mutex<Pair>, cluster: &Snapshot) -> Result<(Plan, Outcomes), observe::Error> {
    let place = pair.lock().unwrap().primary();
    let client = client_of(InPair { pair, place }, &open());
    run(async {
        let observed = observe(&client, &mark()).await?;
        let snapshot = Snapshot { facts: observed.facts.clone(), ..cluster.clone() };
        let plan = plan(&observed, &translate(&snapshot, &policy()));
        let outcomes = execute(&client, &plan, &mut |_| ()).await;
        client.logout().await;
        Ok((plan, outcomes))
    })
}

fn fresh() -> Mutex<Pair> {
    let options = Options { now: NOW.parse().unwrap(), ..Options::default() };
    Mutex::new(Pair::new(&options))
}

fn requests(pair: &Mutex<Pair>) -> u64 {
    pair.lock().unwrap().node(0).faults.requests()
}

#[track_caller]
fn converge(pair: &Mutex<Pair>, cluster: &Snapshot) -> String {
    for _ in 0..6 {
        if turn(pair, cluster).unwrap().0.is_empty() {
            let pair = pair.lock().unwrap();
            return pair.node(pair.primary()).appliance.digest();
        }
    }
    panic!("six turns were not enough");
}

#[test]
fn a_failover_at_any_request_loses_nothing_that_counts_as_done() {
    for scenario in ["mutual-authentication", "client-ca-replaced", "server-certificate-renewed"] {
        let wanted = cluster(scenario, "cluster.yaml");
        let start = fresh();
        if scenario != "mutual-authentication" {
            converge(&start, &cluster(scenario, "before.yaml"));
        }
        let start = start.into_inner().unwrap();
        let calm = Mutex::new(start.clone());
        calm.lock().unwrap().with(start.primary(), |node| node.faults = Faults::none());
        let (_, outcomes) = turn(&calm, &wanted).unwrap();
        assert!(outcomes.is_complete(), "{scenario}: {outcomes:?}");
        let last = requests(&calm);
        let end = converge(&calm, &wanted);
        let mut interrupted = 0;
        // Sessions may end with it or not.
        let both = [Fault::Failover, Fault::HandOver];
        for (at, fault) in (1..=last).flat_map(|at| both.clone().map(|fault| (at, fault))) {
            let pair = Mutex::new(start.clone());
            let faults = Faults::none().at(at, fault);
            pair.lock().unwrap().with(start.primary(), |node| node.faults = faults);
            if let Ok((plan, outcomes)) = turn(&pair, &wanted) {
                interrupted += usize::from(!outcomes.is_complete());
                let left = turn(&Mutex::new(pair.lock().unwrap().clone()), &wanted).unwrap().0;
                let left: BTreeSet<String> =
                    left.ops.iter().map(|planned| planned.op.to_string()).collect();
                for (planned, outcome) in plan.ops.iter().zip(&outcomes.ops) {
                    let is_done = matches!(outcome, OpOutcome::Done);
                    // Both nodes are saved at once, and what was saved changes.
                    if is_done && !matches!(planned.op, Op::Save) {
                        let op = planned.op.to_string();
                        assert!(!left.contains(&op), "{scenario}, at {at}: {op} is not done");
                    }
                }
            }
            assert_eq!(converge(&pair, &wanted), end, "{scenario}, failover at {at}");
        }
        assert!(interrupted > 20, "{scenario}: {interrupted} of {last}");
    }
}

/// What a node says when it is asked for its role.
#[derive(Debug, Clone, Copy)]
enum Role {
    Primary,
    Secondary,
    Silent,
    Ended,
}

/// A node that does everything, and says of its role what it is told to say.
struct Node {
    roles: Mutex<Vec<Role>>,
    sent: Mutex<Vec<String>>,
    /// Closed as soon as it has told its role.
    fence: Fence,
    closes: bool,
}

impl Transport for Node {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, SendError> {
        let target = request.target.rsplit('/').next().unwrap().to_owned();
        self.sent.lock().unwrap().push(format!("{:?} {target}", request.method));
        let answer = |status: u16, text: &str| {
            Ok(HttpResponse { status, body: Redacted::new(text.as_bytes().to_vec()) })
        };
        if target == "login" {
            return answer(201, r#"{"errorcode":0,"message":"Done","sessionid":"1"}"#);
        }
        if target != "hanode" {
            let status = if request.method == Method::Post { 201 } else { 200 };
            return answer(status, r#"{"errorcode":0,"message":"Done"}"#);
        }
        if self.closes {
            self.fence.close();
        }
        let mut roles = self.roles.lock().unwrap();
        let state = match if roles.is_empty() { Role::Primary } else { roles.remove(0) } {
            Role::Primary => "Primary",
            Role::Secondary => "Secondary",
            Role::Silent => return Err(SendError::NoAnswer { source: "reset".into() }),
            Role::Ended => return answer(401, r#"{"errorcode":444,"message":"Session expired"}"#),
        };
        let row = format!(r#"{{"id":"0","state":"{state}","hasync":"ENABLED"}}"#);
        answer(200, &format!(r#"{{"errorcode":0,"message":"Done","hanode":[{row}]}}"#))
    }

    async fn pause(&self, _: Duration) {}
}

fn node(roles: &[Role], closes: bool) -> Client<Node> {
    let fence = open();
    let (roles, sent) = (Mutex::new(roles.to_vec()), Mutex::default());
    client_of(Node { roles, sent, fence: fence.clone(), closes }, &fence)
}

fn sent(client: &Client<Node>) -> Vec<String> {
    client.transport().sent.lock().unwrap().clone()
}

fn save() -> Request {
    Request::of_op(&Op::Save)
}

fn write() -> Request {
    let entity = EntityId::new(Kind::SERVER, "k8s-server");
    Request::of_op(&Op::Delete { entity, also: Fields::new() })
}

#[test]
fn the_fence_is_looked_at_after_the_role() {
    let client = node(&[], true);
    let error = run(client.send(&write())).unwrap_err();
    assert!(matches!(error, Error::Fenced { .. }), "{error:?}");
    assert_eq!(sent(&client), ["Post login", "Get hanode"]);
}

#[test]
fn a_write_whose_node_tells_no_role_afterwards_is_unknown_and_not_repeated() {
    for role in [Role::Silent, Role::Ended] {
        let client = node(&[Role::Primary, role], false);
        let error = run(client.send(&write())).unwrap_err();
        assert!(
            error.is_unknown() && matches!(error, Error::NoAnswer { .. }),
            "{role:?}: {error:?}"
        );
        let writes = sent(&client).iter().filter(|one| one.starts_with("Delete")).count();
        assert_eq!(writes, 1, "{role:?}");
    }
}

#[test]
fn a_write_to_a_node_that_is_no_primary_afterwards_is_not_done() {
    let client = node(&[Role::Primary, Role::Secondary], false);
    let error = run(client.send(&save())).unwrap_err();
    assert!(matches!(error, Error::NotPrimary { .. }) && !error.is_unknown(), "{error:?}");
    // That it is none is a warning, which is told to who asks.
    assert_eq!(sent(&client)[2], "Post nsconfig?action=save&warning=yes");
}

#[test]
fn what_a_node_shows_after_an_unknown_write_counts_only_if_it_is_the_primary() {
    let client = node(&[Role::Primary, Role::Silent, Role::Secondary], false);
    run(client.send(&write())).unwrap_err();
    let look = Request::singleton("nsversion");
    let error = run(client.send(&look)).unwrap_err();
    assert!(matches!(error, Error::NotPrimary { .. }), "{error:?}");
    // Once it is confirmed, reading costs no more than ever.
    run(client.send(&look)).unwrap();
    let before = sent(&client).len();
    run(client.send(&look)).unwrap();
    assert_eq!(sent(&client).len(), before + 1);
}

#[test]
fn a_fenced_client_that_lost_its_session_stays_lost() {
    let client = node(&[Role::Ended], false);
    for request in [write(), Request::singleton("nsversion"), write()] {
        let error = run(client.send(&request)).unwrap_err();
        assert!(error.class() == Class::Session && error.is_lost(), "{error:?}");
    }
    assert!(!run(client.has_series()));
    run(client.logout());
    assert_eq!(sent(&client), ["Post login", "Get hanode"]);
}
