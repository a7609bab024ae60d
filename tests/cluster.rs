//! Tests against a real Kubernetes API server and its etcd.
//!
//! The first test that runs starts one of each, for all tests of this run; a test that stops or
//! pauses an API server starts one of its own on the same etcd. Everything is on loopback and in
//! one temporary folder, and neither survives this program, however it ends.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failing test is the right place to panic"
)]

#[path = "support/authority.rs"]
#[expect(dead_code, reason = "other tests use the rest of it")]
mod authority;
#[path = "cluster/wait.rs"]
mod wait;
#[path = "cluster/programs.rs"]
mod programs;
#[path = "cluster/leashed.rs"]
mod leashed;
#[path = "cluster/api_server.rs"]
mod api_server;
#[path = "cluster/access.rs"]
mod access;
#[path = "cluster/audit.rs"]
mod audit;
#[path = "cluster/controllers.rs"]
mod controllers;
#[path = "cluster/appliance.rs"]
mod appliance;
#[path = "cluster/rig.rs"]
mod rig;
#[path = "cluster/running.rs"]
mod running;
#[path = "cluster/door.rs"]
mod door;
#[path = "cluster/helm.rs"]
mod helm;
#[path = "cluster/chart.rs"]
mod chart;
#[path = "cluster/chart_rights.rs"]
mod chart_rights;
#[path = "cluster/chart_controller.rs"]
mod chart_controller;
#[path = "cluster/resources.rs"]
mod resources;
#[path = "cluster/left_over.rs"]
mod left_over;
#[path = "cluster/demo.rs"]
mod demo;
#[path = "cluster/servers.rs"]
mod servers;
#[path = "cluster/seed.rs"]
mod seed;
#[path = "cluster/lifecycle.rs"]
mod lifecycle;
#[path = "cluster/robust.rs"]
mod robust;
#[path = "cluster/appliance_faults.rs"]
mod appliance_faults;
#[path = "cluster/appliances.rs"]
mod appliances;
#[path = "cluster/two_controllers.rs"]
mod two_controllers;
#[path = "cluster/many.rs"]
mod many;
#[path = "cluster/programming.rs"]
mod programming;

#[path = "cluster/commands.rs"]
mod commands;

use std::process::ExitCode;

use running::{Shared, trials};

fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some(left_over::HOLD) {
        left_over::hold();
    }
    if std::env::args().nth(1).as_deref() == Some(demo::SERVE) {
        demo::serve();
    }
    let arguments = libtest_mimic::Arguments::from_args();
    let shared = Shared::default();
    let mut tests = trials!(shared;
        servers: the_server_says_its_version,
        servers: a_missing_program_is_named_with_what_to_do,
        servers: what_never_comes_is_told_with_what_is_there_instead,
        servers: who_has_no_rights_is_refused,
        servers: a_user_may_do_what_its_rules_say_and_nothing_else,
        servers: a_secret_is_given_back_as_it_was_made,
        servers: kubectl_reads_what_a_client_wrote,
        servers: the_audit_log_tells_who_did_what,
        servers: objects_survive_a_restart_of_the_server,
        servers: a_paused_server_answers_when_it_goes_on,
        servers: what_an_owner_leaves_behind_is_collected,
        programming: an_ingress_is_programmed_and_says_so,
        programming: what_another_controller_left_is_taken_over_when_told,
        programming: a_class_without_its_appliance_is_told_until_it_comes,
        programming: a_burst_of_changes_is_looked_at_once,
        programming: namespaces_are_selected_by_their_labels,
        programming: a_cpx_serves_on_its_own_address_and_is_a_new_one_each_time,
        commands: the_plan_for_a_cluster_is_what_its_controller_does,
        commands: an_ingress_of_a_cluster_is_explained_for_the_appliance_of_its_class,
        commands: a_cluster_that_cannot_be_read_is_told_with_both_ways,
        commands: an_approval_is_added_where_the_controller_reads_it,
        lifecycle: an_ingress_lives_and_dies,
        lifecycle: one_that_leaves_our_class_loses_address_and_report,
        lifecycle: an_address_of_somebody_else_stays,
        appliance_faults: a_reboot_that_loses_everything_is_made_up_for,
        appliance_faults: drift_on_every_kind_is_repaired,
        appliance_faults: an_appliance_that_is_down_is_waited_for,
        appliance_faults: a_session_that_ends_or_cannot_begin_is_made_up_for,
        appliance_faults: another_box_is_only_read_until_it_is_approved,
        appliance_faults: a_failover_is_followed,
        appliance_faults: a_failover_in_the_middle_of_a_plan_loses_nothing,
        appliance_faults: a_write_that_a_secondary_took_is_not_done,
        appliance_faults: a_reboot_that_ends_no_session_is_seen,
        appliances: two_of_one_mark_on_one_box_do_not_delete_each_other,
        appliances: drift_that_is_only_told_stays_until_the_cluster_changes,
        appliances: an_ingress_moves_from_one_appliance_to_another,
        appliances: a_stop_in_the_middle_of_a_plan_saves_what_was_done,
        two_controllers: a_paused_leader_writes_nothing_when_it_goes_on,
        two_controllers: a_write_on_the_wire_of_a_paused_leader_comes_too_late,
        two_controllers: a_paused_leader_whose_write_was_done_sends_no_other,
        two_controllers: a_deleted_lease_makes_no_second_writer,
        two_controllers: a_lease_deleted_before_anybody_else_came_makes_no_second_writer,
        two_controllers: a_failover_without_changes_writes_nothing,
        two_controllers: who_stops_gracefully_is_followed_at_once,
        many: one_bad_ingress_of_each_kind_harms_nobody_else,
        robust: a_restart_on_a_converged_appliance_writes_nothing,
        robust: a_graceful_stop_saves_logs_out_and_gives_the_lease_up,
        robust: an_api_server_that_goes_away_costs_nothing,
        robust: who_loses_its_session_asks_whether_it_still_leads,
        robust: an_api_server_that_speaks_nonsense_costs_nothing,
        robust: what_could_not_be_told_is_told_without_a_change_or_a_look,
        robust: rights_that_are_taken_away_cost_nothing,
        robust: what_vanished_while_nobody_watched_goes_up_to_a_limit,
        robust: a_secret_is_read_by_name_where_it_may_not_be_listed,
        robust: a_paused_ingress_stays_as_it_is,
    );
    tests.extend(charts(&shared));
    tests.extend(programs_end(&shared));
    let conclusion = libtest_mimic::run(&arguments, tests);
    // Only now: it ends the servers.
    drop(shared);
    conclusion.exit_code()
}

/// Those of programs that start others, and leave nothing behind.
fn programs_end(shared: &Shared) -> Vec<libtest_mimic::Trial> {
    trials!(shared;
        demo: it_shows_the_life_of_an_ingress,
        demo: nothing_survives_it_when_it_is_killed,
        left_over: nothing_survives_a_killed_test_program,
        left_over: nothing_survives_a_signal_for_all_of_a_group,
    )
}

/// Those of the chart, and of the custom resources that it brings.
fn charts(shared: &Shared) -> Vec<libtest_mimic::Trial> {
    trials!(shared;
        chart: lint_has_nothing_to_say,
        chart: an_api_server_takes_what_it_makes,
        chart: its_pods_are_restricted_unless_a_cpx_is_in_them,
        chart: the_controller_alone_has_a_token,
        chart: its_variables_are_those_of_the_program,
        chart: the_program_understands_every_variable,
        chart: a_netscaler_object_says_what_the_values_say,
        chart: monitoring_gets_the_rules_and_the_dashboard_of_the_files,
        chart: the_values_of_the_page_are_right,
        chart: the_schema_is_closed_and_knows_every_value,
        chart: the_schema_refuses_each_wrong_value,
        chart: values_that_do_not_go_together_are_refused,
        chart_rights: everywhere_the_controller_reads_and_writes_little,
        chart_rights: with_namespaces_listed_it_sees_no_secret_of_another,
        chart_rights: with_a_netscaler_object_it_reads_the_secret_that_this_names,
        chart_rights: in_get_mode_it_lists_no_secrets,
        chart_rights: with_node_ports_it_reads_nodes,
        chart_rights: what_is_watched_needs_no_more_rights,
        chart_rights: an_upgrade_changes_and_an_uninstall_leaves_nothing,
        chart_rights: the_chart_is_of_the_version_of_the_program,
        chart_controller: it_needs_all_rights_of_the_chart_and_no_more,
        chart_controller: in_get_mode_it_needs_no_right_to_list_secrets,
        chart_controller: it_serves_a_netscaler_object_with_the_rights_of_the_chart,
        chart_controller: it_reads_credentials_where_it_serves_nothing,
        chart_controller: what_it_asks_of_an_appliance_stands_on_the_page_of_its_user,
        resources: a_netscaler_with_a_wrong_value_is_refused,
        resources: a_netscaler_keeps_its_prefix,
    )
}
