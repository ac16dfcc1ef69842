//! Which cases stand for which method of the trait.

/// Every method of [`IdentityStore`](primehub_core::identity::IdentityStore), with cases that call it to find out what it does.
pub const METHODS: &[(&str, &[&str])] = &[
    ("directory", &["directory/a_picture_that_was_taken_stays_as_it_was", "directory/pages_of_people_fit_together"]),
    ("freshness", &["feed/the_picture_is_live"]),
    ("capabilities", &["feed/the_limits_are_those_of_keycloak", "groups/a_list_may_be_as_long_as_the_limit"]),
    ("changes", &["feed/a_reader_starts_where_it_says", "feed/a_number_of_another_life_reads_again"]),
    ("refresh", &["refresh/many_keys_are_seen_at_once", "refresh/keys_that_do_not_exist_are_no_error"]),
    ("create_user", &["users/a_new_user_has_what_was_asked_for", "users/the_address_is_named_when_both_are_taken"]),
    (
        "edit_user",
        &["user_edits/an_edit_of_an_attribute_keeps_address_and_names", "user_edits/a_refused_edit_changes_nothing"],
    ),
    ("delete_user", &["deletions/a_deleted_user_is_gone_everywhere", "deletions/a_second_deletion_finds_nobody"]),
    ("set_password", &["passwords/a_password_opens_its_account", "passwords/an_empty_password_is_refused"]),
    ("remove_one_time_passwords", &["passwords/removing_no_one_time_password_is_no_error"]),
    ("send_required_actions", &["mail/a_message_is_sent_and_changes_nothing", "mail/unknown_actions_are_refused"]),
    ("create_group", &["groups/a_new_group_has_its_attributes", "groups/a_dash_for_an_underscore_is_refused"]),
    (
        "edit_group",
        &["group_edits/an_edit_keeps_the_other_attributes", "group_edits/an_unmet_expectation_writes_nothing"],
    ),
    ("delete_group", &["groups/a_deleted_group_takes_memberships_along", "groups/an_absent_group_is_named"]),
    (
        "bind",
        &["bindings/answers_stand_in_order_whatever_became_of_them", "bindings/joining_twice_is_the_same_as_once"],
    ),
    ("ensure_role", &["roles/an_existing_role_is_left_as_it_is", "roles/names_that_do_not_fit_are_refused"]),
    ("delete_role", &["roles/a_deleted_role_takes_grants_along", "roles/roles_of_clients_are_not_deleted"]),
    ("edit_realm", &["realm/an_edit_keeps_what_it_does_not_name", "realm/a_refused_edit_changes_nothing"]),
    ("api_token_counts", &["api_tokens/all_users_are_counted_in_one_call", "api_tokens/unknown_users_are_left_out"]),
    ("revoke_api_tokens", &["api_tokens/revoked_tokens_are_worthless", "api_tokens/nobody_has_none_to_revoke"]),
    ("put_invitation", &["invitations/a_group_has_only_so_many", "invitations/an_invitation_needs_its_group"]),
    (
        "take_invitation",
        &["invitations/an_invitation_is_taken_once", "concurrency/of_takers_of_an_invitation_one_gets_it"],
    ),
];
