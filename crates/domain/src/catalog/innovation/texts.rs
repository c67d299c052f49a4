//! What is told of an innovation, section by section.

use super::InnovationDraft;
use crate::catalog::form::{FieldError, FormCheck};
use crate::catalog::text::Words;

/// Declares the sections: each with its field, its name in drafts and the words that authors are asked for.
macro_rules! texts {
    ($($(#[$doc:meta])* $field:ident: $key:literal, $limit:literal;)+) => {
        /// The sections of an innovation's description, with the word limits of the KIPP proposal; challenges and
        /// lessons are those of OPSI's case studies.
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        pub struct Texts {
            $($(#[$doc])* pub $field: Option<Words<$limit>>,)+
        }

        impl Texts {
            /// The sections' names in drafts and the words that authors are asked for.
            pub const LIMITS: &'static [(&'static str, usize)] = &[$(($key, $limit)),+];

            pub(super) fn check(form: &mut FormCheck, draft: &InnovationDraft) -> Self {
                Self {
                    $($field: form.optional($key, draft.$field.as_deref(), Words::parse),)+
                }
            }

            pub(super) fn warnings(&self) -> Vec<FieldError> {
                let found = [$(($key, self.$field.as_ref().and_then(Words::warning))),+];
                found.into_iter().filter_map(warning).collect()
            }
        }

        impl From<&Texts> for InnovationDraft {
            fn from(texts: &Texts) -> Self {
                Self {
                    $($field: texts.$field.as_ref().map(ToString::to_string),)+
                    ..Self::default()
                }
            }
        }
    };
}

texts! {
    /// Ringkasan: the summary.
    summary: "summary", 200;
    /// Latar belakang dan tujuan: why it was begun and what for.
    background: "background", 300;
    /// Kebaruan atau nilai tambah: what is new about it.
    novelty: "novelty", 200;
    /// Implementasi: how it works.
    implementation: "implementation", 200;
    /// Signifikansi atau dampak: what it changed.
    impact: "impact", 600;
    /// Adaptabilitas, sudah direplikasi: who has taken it over already.
    replicated_so_far: "replicatedSoFar", 100;
    /// Adaptabilitas, potensi replikasi: who could take it over.
    replication_potential: "replicationPotential", 200;
    /// Sumber daya: money, people, tools.
    resources: "resources", 200;
    /// Strategi keberlanjutan: what keeps it going.
    sustainability: "sustainability", 500;
    /// Tantangan: what was hard.
    challenges: "challenges", 300;
    /// Pelajaran: what was learnt.
    lessons: "lessons", 300;
}

fn warning((field, reason): (&str, Option<String>)) -> Option<FieldError> {
    let field = field.to_owned();
    reason.map(|reason| FieldError { field, reason })
}
