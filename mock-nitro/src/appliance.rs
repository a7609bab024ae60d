//! The appliance as a client sees it: requests in, responses out.

mod body;
mod change;
mod cost;
mod dump;
mod journal;
#[cfg(test)]
mod laws;
mod node;
mod kept;
mod options;
mod query;
mod reply;
mod request;
mod session;
mod several;
mod statistics;
mod system;
mod target;

use std::net::SocketAddr;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use self::body::Body;
use self::journal::Journal;
use self::node::Membership;
use self::reply::{Content, Reply};
use self::request::Call;
use self::session::Sessions;
use crate::check::{self, Step, Violation};
use crate::code;
use crate::command::{Command, Refusal, Verb};
use crate::data_plane::DataPlane;
use crate::engine;
use crate::eval;
use crate::message::{Request, Response, reason};
use crate::rules;
use crate::state::{Fields, State};

pub(crate) use self::cost::subject;
pub use self::cost::{Cost, Costs, Profile};
pub use self::journal::JournalEntry;
pub use self::kept::NotKept;
pub(crate) use self::node::{Configuration, Node, Progress};
pub use self::options::{Hardware, Options};

/// A NetScaler appliance.
///
/// Clones share what they have in common, so that a test can fork it at every command.
#[derive(Debug, Clone)]
pub struct Appliance {
    options: Arc<Options>,
    now: Timestamp,
    running: State,
    saved: State,
    /// Whether the running configuration differs from the saved one.
    changed: bool,
    last_change: Timestamp,
    last_save: Timestamp,
    /// When it was last started.
    started: Timestamp,
    /// Counts what may have changed the configuration.
    changes: u64,
    /// Whether it is the secondary node of a pair.
    secondary: bool,
    membership: Option<Membership>,
    sessions: Sessions,
    /// Who sends the requests, for the journal.
    client: Option<SocketAddr>,
    journal: Journal,
    costs: Costs,
    transition: Option<(State, Vec<Step>)>,
    gaps: usize,
    /// A failure that the next bulk request meets: at which command, and what it is.
    injected: Option<(usize, Refusal)>,
    /// After how many commands the next bulk request ends.
    stop_after: Option<usize>,
    /// Whether the next request finds no room for files.
    disk_is_full: bool,
}

impl Appliance {
    /// A fresh appliance.
    pub fn new(options: Options) -> Self {
        let running = system::fresh(options.default_profile);
        Self {
            now: options.now,
            last_change: options.now,
            last_save: options.now,
            started: options.now,
            options: Arc::new(options),
            saved: running.clone(),
            running,
            changed: false,
            changes: 0,
            secondary: false,
            membership: None,
            sessions: Sessions::default(),
            client: None,
            journal: Journal::new(),
            costs: Costs::new(),
            transition: None,
            gaps: 0,
            injected: None,
            stop_after: None,
            disk_is_full: false,
        }
    }

    /// Answers one request.
    pub fn handle(&mut self, request: &Request) -> Response {
        let body = body::parse(request);
        let entry = self.journal.most.map(|_| self.entry(request, body.as_ref().ok()));
        let logins = self.sessions.logins();
        let commands = body.as_ref().map_or(0, Body::commands);
        let answer = self.answer(request, body);
        self.injected = None;
        self.stop_after = None;
        self.disk_is_full = false;
        let (code, rows, response) = match answer {
            Some(reply) => (reply.code, reply.rows_read, reply.into_response()),
            None => (0, 0, elsewhere()),
        };
        let ((verb, kind), cost) = cost::of(request, (commands, rows), &response);
        *self.costs.entry((verb, kind)).or_default() += cost;
        if let Some(mut entry) = entry {
            if self.sessions.logins() > logins {
                entry.session = Some(self.sessions.logins());
            }
            let time_ms = self.options.profile.time(&cost).as_secs_f64() * 1000.0;
            let status = response.status;
            let entry = JournalEntry { status, errorcode: code, cost, time_ms, ..entry };
            self.journal.push(entry);
        }
        response
    }

    /// What becomes of a request that a client sends to one of its virtual servers.
    pub fn decide(&self, request: &eval::Request) -> eval::Decision {
        eval::decide(&self.running, request)
    }

    /// Restarts from the saved configuration: what was not saved is lost, and so is a certkey whose
    /// file is gone. All sessions end.
    ///
    /// That takes a second at least (assumed), so that no two starts look alike.
    pub fn reboot(&mut self) {
        self.reboot_within_sessions();
        self.sessions.end_all();
    }

    /// The same for a client that does not lose its session, and so is not told (no appliance is
    /// known to do this).
    pub fn reboot_within_sessions(&mut self) {
        let files = self.running.clone();
        self.running = self.saved.clone();
        self.running.take_files(&files);
        rules::boot(&mut self.running);
        self.changed = false;
        self.started = self.now.max(self.started + SignedDuration::from_secs(1));
    }

    /// Lets a data plane carry the running configuration, and notes what it cannot listen on.
    pub(crate) fn be_carried(&mut self, data_plane: &DataPlane) {
        let unopened = data_plane.follow(&self.running);
        self.running.set_unopened(unopened);
    }

    /// What all requests cost since the start or the last [`Appliance::clear_costs`], by verb and
    /// type.
    pub fn costs(&self) -> &Costs {
        &self.costs
    }

    /// Forgets what requests cost so far.
    pub fn clear_costs(&mut self) {
        self.costs.clear();
    }

    /// Marks the start of a transition, whose every state [`Appliance::end`] judges.
    pub fn begin(&mut self) {
        self.transition = Some((self.running.clone(), Vec::new()));
    }

    /// Ends a transition and judges every state of it, between that at [`Appliance::begin`] and
    /// that now. Nothing is returned if all were safe.
    pub fn end(&mut self) -> Vec<Violation> {
        let Some((old, steps)) = self.transition.take() else { return Vec::new() };
        let verdict = check::judge(&old, &steps);
        self.gaps = verdict.gaps;
        verdict.violations
    }

    /// Ends a transition that was interrupted, and judges every state of it by where it was to
    /// lead: to what `aim` runs. What is so far is then not taken for what was meant.
    pub fn end_towards(&mut self, aim: &Self) -> Vec<Violation> {
        if let Some((_, steps)) = &mut self.transition {
            let command = "the rest of the transition".to_owned();
            steps.push(Step { command, state: aim.running.clone() });
        }
        self.end()
    }

    /// How often, in the transition that ended last, a host was without a certificate between the
    /// two halves of a swap: the only gap that counts as safe.
    pub fn certificate_gaps(&self) -> usize {
        self.gaps
    }

    /// Whether [`Appliance::begin`] waits for its [`Appliance::end`].
    pub fn is_in_transition(&self) -> bool {
        self.transition.is_some()
    }

    /// Back to the factory: a fresh configuration, running and saved, no files, no sessions, an empty
    /// journal. A node of a pair stays one, in its role.
    pub fn reset(&mut self) {
        self.replace(system::fresh(self.options.default_profile), "reset");
        self.save();
        self.last_change = self.now;
        self.sessions.end_all();
        self.transition = None;
        self.clear_journal();
        self.clear_costs();
        if let Some(membership) = self.membership.take() {
            self.join_again(membership);
        }
    }

    /// Sets the clock.
    pub fn set_now(&mut self, now: Timestamp) {
        self.now = now;
    }

    /// Says which client sends the requests that follow. Only the journal shows it.
    pub fn set_client(&mut self, client: Option<SocketAddr>) {
        self.client = client;
    }

    /// Ends all sessions without a word, as a restart of the management plane or a failover does.
    pub fn expire_sessions(&mut self) {
        self.sessions.end_all();
    }
}

impl Appliance {
    /// Lets one command of the next bulk request fail.
    pub(crate) fn inject(&mut self, place: usize, code: u32) {
        self.injected = Some((place, Refusal::new(code)));
    }

    /// Lets the next bulk request end after so many commands, as if there were no more.
    pub(crate) fn stop_after(&mut self, commands: usize) {
        self.stop_after = Some(commands);
    }

    /// Lets the next request find no room for files.
    pub(crate) fn fill_disk(&mut self) {
        self.disk_is_full = true;
    }

    /// An error answer that the appliance did not give by itself.
    pub(crate) fn refusal(code: u32, status: u16) -> Response {
        Reply::refused(Refusal::new(code).with_status(status)).into_response()
    }

    fn answer(&mut self, request: &Request, body: Result<Body, Refusal>) -> Option<Reply> {
        let target = target::parse(&request.path, request.query.as_deref())?;
        let reply = body.and_then(|body| self.reply(request, target, body));
        Some(reply.unwrap_or_else(Reply::refused))
    }

    fn reply(
        &mut self,
        request: &Request,
        target: target::Target,
        body: Body,
    ) -> Result<Reply, Refusal> {
        let first = body.entries.first().map_or("", |(name, _)| name);
        let kind = if target.kind.is_empty() { first } else { &target.kind };
        if kind == "login" && request.method == "POST" {
            return self.login(&body);
        }
        let token = body.session.as_deref();
        let caller = self.sessions.authenticate((&self.options, self.now), request, token)?;
        if kind == "logout" && request.method == "POST" {
            if let session::Caller::Session(id) = caller {
                self.sessions.end(id);
            }
            return Ok(Reply::done(201));
        }
        let onerror = request.header("X-NITRO-ONERROR").map(str::to_owned);
        let method = request.method.clone();
        let call = Call { method, target, body, caller, onerror };
        match request.method.as_str() {
            "GET" => query::get(self, &call),
            "POST" | "PUT" | "DELETE" => change::change(self, &call),
            _ => Err(Refusal::new(code::NITRO_INVALID_METHOD)),
        }
    }

    fn login(&mut self, body: &Body) -> Result<Reply, Refusal> {
        let entry = body.entries.iter().find(|(name, _)| name == "login");
        let fields = entry.and_then(|(_, content)| content.as_object());
        let fields = fields.ok_or_else(|| Refusal::new(code::NITRO_INVALID_JSON_INPUT))?;
        let token = self.sessions.login((&self.options, self.now), fields)?;
        let headers = session::cookies(&token);
        let content = Content::Value("sessionid".to_owned(), Value::from(token));
        Ok(Reply { content, headers, ..Reply::done(201) })
    }

    /// Judges and carries out one command, and keeps what check mode and saving need to know.
    fn carry_out(&mut self, command: Command) -> Result<Vec<Refusal>, Refusal> {
        let is_file = command.kind == "systemfile";
        if is_file && command.verb == Verb::Add && self.disk_is_full {
            // What is wrong with the file itself is said first.
            engine::execute(&mut self.running.clone(), command, self.now)?;
            return Err(Refusal::new(code::NOSPACE));
        }
        let (command, mut warnings) = engine::execute(&mut self.running, command, self.now)?;
        self.changes += 1;
        if !is_file {
            self.changed = true;
            self.last_change = self.now;
        }
        if self.secondary && command.verb != Verb::Save {
            warnings.push(Refusal::new(code::NOT_PRIMARY));
        }
        if let Some((_, steps)) = &mut self.transition {
            steps.push(Step { command: command.to_string(), state: self.running.clone() });
        }
        Ok(warnings)
    }

    /// Puts another state in the place of the running one.
    fn replace(&mut self, state: State, command: &str) {
        self.changes += 1;
        self.running = state;
        if let Some((_, steps)) = &mut self.transition {
            steps.push(Step { command: command.to_owned(), state: self.running.clone() });
        }
    }

    fn save(&mut self) {
        self.changes += 1;
        self.saved = self.running.clone();
        self.changed = false;
        self.last_save = self.now;
    }

    /// Back to a fresh configuration. The default profile stays as it is: it is never switched off.
    /// The nodes of a pair stay as well (assumed).
    fn clear_configuration(&mut self) {
        let profile = self.running.singleton("sslparameter").and_then(|f| f.get("defaultprofile"));
        let enabled = profile.and_then(Value::as_str) == Some("ENABLED");
        let mut fresh = system::fresh(enabled);
        fresh.take_files(&self.running);
        for (name, node) in self.running.objects("hanode") {
            fresh.put_object("hanode", name, Fields::clone(node));
        }
        self.changed = true;
        self.last_change = self.now;
        self.replace(fresh, "clear");
    }

    fn injected_failure(&self, place: usize) -> Option<Refusal> {
        self.injected.as_ref().filter(|(at, _)| *at == place).map(|(_, refusal)| refusal.clone())
    }
}

/// What the web server of the appliance says to a path that is not NITRO's.
fn elsewhere() -> Response {
    Response {
        status: 404,
        reason: reason(404),
        headers: vec![("Content-Type".to_owned(), "text/html".to_owned())],
        body: b"<html><body><h1>Not Found</h1></body></html>".to_vec(),
    }
}
