//! The table of roles and actions, once more and by hand; and how far rights reach.

use uuid::Uuid;

use super::*;

fn agency(number: u128) -> RecordId {
    RecordId::from(Uuid::from_u128(number))
}

fn rights(roles: &[(Role, Option<RecordId>)]) -> Rights {
    let grant = |(role, agency): &(Role, Option<RecordId>)| Grant::new(*role, *agency).unwrap();
    Rights::of(roles.iter().map(grant).collect())
}

/// The whole table once more, drawn by hand: reader, contributor, curator, steward, operator.
#[test]
fn every_role_may_do_what_the_table_says() {
    let drawn = "
        READ_NETWORK     READ   + + + + +
        READ_LOCAL       READ   - - + + +
        READ_DRAFTS      READ   - o + - +
        READ_PEOPLE      READ   - o + - +
        READ_HIDDEN      READ   - - + + +
        READ_REPLICATION READ   - - + - +
        WRITE_DRAFTS     WRITE  - o + - +
        REVIEW           WRITE  - - + - +
        PUBLISH_AT_ONCE  WRITE  - - - - +
        IMPORT           WRITE  - - + - +
        DOCUMENT         WRITE  - o + - +
        REPLICATE        WRITE  - o + - +
        WRITE_NEEDS      WRITE  - o + - +
        DISCUSS          WRITE  - + + + +
        MODERATE         WRITE  - - + - +
        WRITE_PEOPLE     WRITE  - o + - +
        KEEP_AGENCIES    WRITE  - - - + +
        COACH            WRITE  - - - + +
        HONOUR           WRITE  - - - + +
        MANAGE_ACCOUNTS  MANAGE - - - - +
        READ_AUDIT       MANAGE - - - - +";
    let drawn = drawn
        .trim()
        .lines()
        .map(|line| line.split_whitespace().collect());
    let drawn: Vec<Vec<&str>> = drawn.collect();
    assert_eq!(drawn.len(), Action::ALL.len());
    for (line, action) in drawn.iter().zip(Action::ALL) {
        assert_eq!(line[0], action.code());
        assert_eq!(line[1], action.scope().code());
        for (sign, role) in line[2..].iter().zip(Role::ALL) {
            let ours = agency(1);
            let own = (*role == Role::Contributor).then_some(ours);
            let rights = rights(&[(*role, own)]);
            let found = match rights.reach(*action) {
                Reach::Nowhere => "-",
                Reach::Agencies(agencies) if agencies == [ours] => "o",
                Reach::Agencies(_) => "?",
                Reach::Everywhere => "+",
            };
            assert_eq!(found, *sign, "{role} {}", action.code());
        }
    }
}

#[test]
fn a_contributor_reaches_no_further_than_the_agencies() {
    let of_two = rights(&[
        (Role::Contributor, Some(agency(1))),
        (Role::Contributor, Some(agency(2))),
        (Role::Reader, None),
    ]);
    for own in [1, 2] {
        of_two
            .permit(Action::WriteDrafts, Some(agency(own)))
            .unwrap();
    }
    for other in [Some(agency(3)), None] {
        let refused = of_two.permit(Action::WriteDrafts, other).unwrap_err();
        let said = "this belongs to another agency than yours; a CURATOR or OPERATOR may do it";
        assert_eq!(refused.to_string(), said);
    }
    of_two.permit_somewhere(Action::WriteDrafts).unwrap();
    let refused = of_two.permit(Action::Review, Some(agency(1))).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "this needs the role CURATOR or OPERATOR"
    );
}

#[test]
fn several_roles_add_up() {
    let both = rights(&[(Role::Contributor, Some(agency(1))), (Role::Curator, None)]);
    both.permit(Action::WriteDrafts, Some(agency(9))).unwrap();
    both.permit(Action::Review, None).unwrap();
    both.permit(Action::Coach, None).unwrap_err();
}

#[test]
fn a_token_reaches_no_further_than_its_scope() {
    let reading = Rights::of_operator().within(TokenScope::Read);
    reading.permit(Action::ReadDrafts, None).unwrap();
    let refused = reading.permit(Action::Review, None).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the token reaches no further than READ; this needs one for WRITE"
    );
    let widened = reading.within(TokenScope::Manage);
    widened.permit(Action::Review, None).unwrap_err();
    for action in Action::ALL {
        Rights::of_operator().permit(*action, None).unwrap();
    }
}

#[test]
fn without_grants_nothing_is_allowed() {
    for action in Action::ALL {
        assert_eq!(rights(&[]).reach(*action), Reach::Nowhere);
    }
}

#[test]
fn a_term_of_a_newer_version_allows_nothing() {
    for action in Action::ALL {
        assert_eq!(action.permit(Role::Other), Permit::No);
    }
    assert_eq!(Role::read("GARDENER"), Role::Other);
}

#[test]
fn only_contributors_are_of_an_agency() {
    for role in Role::ALL {
        let hub_wide = Grant::new(*role, None);
        let of_agency = Grant::new(*role, Some(agency(1)));
        if *role == Role::Contributor {
            assert_eq!(hub_wide, Err(GrantError::NoAgency));
            of_agency.unwrap();
        } else {
            hub_wide.unwrap();
            assert_eq!(of_agency, Err(GrantError::Agency(*role)));
        }
    }
}

#[test]
fn who_lacks_the_second_factor_reads_and_no_more() {
    let rights = |role| Rights::of(vec![Grant::new(role, None).unwrap()]);
    let without = rights(Role::Operator).without_factor();
    assert_eq!(without.reach(Action::ReadDrafts), Reach::Everywhere);
    for action in [
        Action::WriteDrafts,
        Action::ManageAccounts,
        Action::ReadAudit,
    ] {
        assert_eq!(without.permit_somewhere(action), Err(Forbidden::Factor));
    }
    let curator = [Grant::new(Role::Curator, None).unwrap()];
    let operator = [curator[0], Grant::new(Role::Operator, None).unwrap()];
    for (demand, of) in [
        (FactorDemand::Nobody, [false, false]),
        (FactorDemand::Operators, [false, true]),
        (FactorDemand::Everybody, [true, true]),
    ] {
        assert_eq!([demand.is_of(&curator), demand.is_of(&operator)], of);
    }
}
