//! Which of a provider's claims are which roles here.

use std::collections::BTreeMap;

use domain::identity::RecordId;
use domain::role::{Grant, Role};

use crate::claims::{Claims, values};

/// What a value of the claim is here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mapped {
    /// A role, with its agency if it has one.
    Grant(Grant),
    /// A contributor of the agencies that another claim names.
    ContributorOfClaim,
}

/// Which of a provider's claims are which roles here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mapping {
    /// Where the roles stand; without one the provider says nothing of roles, and operators give them here.
    pub role_claim: Option<String>,
    /// What each value is.
    pub roles: BTreeMap<String, Mapped>,
    /// Where the agencies of contributors stand.
    pub agency_claim: Option<String>,
    /// Which agency each value is; one that stands not here is taken as an agency's id, if it is one.
    pub agencies: BTreeMap<String, RecordId>,
    /// What everybody is whom the provider knows.
    pub everybody: Option<Role>,
}

impl Mapping {
    /// Whether the provider decides about roles, at each sign-in.
    pub const fn decides(&self) -> bool {
        self.role_claim.is_some()
    }

    /// The roles of somebody, each once, at most so many.
    pub fn grants(&self, claims: &Claims, most: usize) -> Vec<Grant> {
        let mut grants = Vec::new();
        let mut add = |grant: Grant| {
            if grants.len() < most && !grants.contains(&grant) {
                grants.push(grant);
            }
        };
        if let Some(grant) = self.everybody.and_then(|role| Grant::new(role, None).ok()) {
            add(grant);
        }
        let named = self.role_claim.iter().flat_map(|path| values(claims, path));
        for mapped in named.filter_map(|value| self.roles.get(value)) {
            match mapped {
                Mapped::Grant(grant) => add(*grant),
                Mapped::ContributorOfClaim => {
                    self.agencies_of(claims)
                        .filter_map(|agency| Grant::new(Role::Contributor, Some(agency)).ok())
                        .for_each(&mut add);
                }
            }
        }
        grants
    }

    fn agencies_of(&self, claims: &Claims) -> impl Iterator<Item = RecordId> {
        let named = self
            .agency_claim
            .iter()
            .flat_map(|path| values(claims, path));
        named.filter_map(|value| {
            let mapped = self.agencies.get(value).copied();
            mapped.or_else(|| RecordId::parse(value).ok())
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const AGENCY: &str = "0198f2c4-0000-7000-8000-000000000001";
    const OTHER: &str = "0198f2c4-0000-7000-8000-000000000002";

    fn mapping() -> Mapping {
        let of = |role| Mapped::Grant(Grant::new(role, None).unwrap());
        let agency = RecordId::parse(AGENCY).unwrap();
        let contributor = Mapped::Grant(Grant::new(Role::Contributor, Some(agency)).unwrap());
        Mapping {
            role_claim: Some("realm_access.roles".to_owned()),
            roles: BTreeMap::from([
                ("admin".to_owned(), of(Role::Operator)),
                ("dinkes".to_owned(), contributor),
                ("penulis".to_owned(), Mapped::ContributorOfClaim),
            ]),
            agency_claim: Some("unit".to_owned()),
            agencies: BTreeMap::from([("DINKES".to_owned(), agency)]),
            everybody: None,
        }
    }

    #[track_caller]
    fn check(mapping: &Mapping, roles: Value, unit: Value, expected: &[String]) {
        let claims = json!({"realm_access": {"roles": roles}, "unit": unit});
        let grants = mapping.grants(claims.as_object().unwrap(), 3);
        let shown: Vec<_> = grants.iter().map(ToString::to_string).collect();
        assert_eq!(shown, expected, "{claims}");
    }

    #[test]
    fn roles_are_those_that_the_settings_name_and_no_others() {
        let mapping = mapping();
        let of = |agency: &str| format!("CONTRIBUTOR of {agency}");
        let operator = || "OPERATOR".to_owned();
        check(&mapping, json!(["admin"]), json!(null), &[operator()]);
        check(&mapping, json!("admin"), json!(null), &[operator()]);
        check(
            &mapping,
            json!(["OPERATOR", "Admin", "admin2"]),
            json!(null),
            &[],
        );
        check(&mapping, json!(null), json!("DINKES"), &[]);
        check(&mapping, json!(["dinkes"]), json!(null), &[of(AGENCY)]);
        check(&mapping, json!(["penulis"]), json!(null), &[]);
        check(&mapping, json!(["penulis"]), json!("DINKES"), &[of(AGENCY)]);
        let both = json!(["DINKES", OTHER, "DISHUB"]);
        check(&mapping, json!(["penulis"]), both, &[of(AGENCY), of(OTHER)]);
        let twice = json!(["dinkes", "penulis", "admin", "admin"]);
        check(&mapping, twice, json!("DINKES"), &[of(AGENCY), operator()]);
        let many: Vec<_> = (0..9)
            .map(|n| format!("0198f2c4-0000-7000-8000-00000000000{n}"))
            .collect();
        let first: Vec<_> = many.iter().take(3).map(|id| of(id)).collect();
        check(&mapping, json!(["penulis"]), json!(many), &first);
    }

    #[test]
    fn everybody_may_have_a_role() {
        let mapping = Mapping {
            everybody: Some(Role::Reader),
            ..mapping()
        };
        check(&mapping, json!(null), json!(null), &["READER".to_owned()]);
        let both = ["READER".to_owned(), "OPERATOR".to_owned()];
        check(&mapping, json!(["admin"]), json!(null), &both);
        assert!(mapping.decides() && !Mapping::default().decides());
    }
}
