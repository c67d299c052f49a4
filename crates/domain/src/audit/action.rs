//! Everything that is told of, by names that stay.

use crate::catalog::Vocabulary as _;
use crate::catalog::vocabulary::vocabulary;

vocabulary! {
    /// What was done at this hub, or tried. What is asked for by a mutation bears the mutation's name.
    AuditAction {
        /// An innovation was published at once.
        CreateInnovation = "CREATE_INNOVATION",
        /// Innovations were imported from a file that was sent.
        ImportInnovations = "IMPORT_INNOVATIONS",
        /// An innovation was published anew.
        ReviseInnovation = "REVISE_INNOVATION",
        /// An innovation was taken back.
        WithdrawInnovation = "WITHDRAW_INNOVATION",
        /// A draft was begun.
        DraftInnovation = "DRAFT_INNOVATION",
        /// A draft's text was changed.
        SaveDraft = "SAVE_DRAFT",
        /// A draft was handed in.
        SubmitDraft = "SUBMIT_DRAFT",
        /// A draft was handed back.
        ReturnDraft = "RETURN_DRAFT",
        /// A draft was verified.
        VerifyDraft = "VERIFY_DRAFT",
        /// A draft was published.
        PublishDraft = "PUBLISH_DRAFT",
        /// What a draft had published was taken back.
        WithdrawDraft = "WITHDRAW_DRAFT",
        /// Something was noted of a draft.
        NoteDraft = "NOTE_DRAFT",
        /// A draft was thrown away.
        DiscardDraft = "DISCARD_DRAFT",
        /// A budget was told of.
        AddBudget = "ADD_BUDGET",
        /// Evidence was added.
        AddEvidence = "ADD_EVIDENCE",
        /// What is said was confirmed to be current.
        ConfirmCurrent = "CONFIRM_CURRENT",
        /// A transition was recorded.
        RecordTransition = "RECORD_TRANSITION",
        /// A replication was answered.
        AnswerReplication = "ANSWER_REPLICATION",
        /// Interest in an innovation was declared.
        DeclareInterest = "DECLARE_INTEREST",
        /// A replication went on.
        UpdateReplication = "UPDATE_REPLICATION",
        /// A need was told of.
        AddNeed = "ADD_NEED",
        /// A need was changed.
        UpdateNeed = "UPDATE_NEED",
        /// A thread was opened.
        OpenThread = "OPEN_THREAD",
        /// A thread was changed.
        UpdateThread = "UPDATE_THREAD",
        /// A post was written.
        WritePost = "WRITE_POST",
        /// A record was taken back.
        WithdrawRecord = "WITHDRAW_RECORD",
        /// A thread or post was hidden here.
        HideHere = "HIDE_HERE",
        /// A thread or post is shown here again.
        ShowHere = "SHOW_HERE",
        /// A person was noted.
        AddPerson = "ADD_PERSON",
        /// What is known of a person was changed.
        RevisePerson = "REVISE_PERSON",
        /// It was noted what a person agreed to.
        RecordConsent = "RECORD_CONSENT",
        /// It was noted that a person does not agree any more.
        WithdrawConsent = "WITHDRAW_CONSENT",
        /// A person is forgotten.
        ErasePerson = "ERASE_PERSON",
        /// An agency was registered.
        RegisterAgency = "REGISTER_AGENCY",
        /// A service unit was registered.
        RegisterServiceUnit = "REGISTER_SERVICE_UNIT",
        /// Coaching was planned.
        AddCoachingActivity = "ADD_COACHING_ACTIVITY",
        /// Coaching went on.
        UpdateCoachingActivity = "UPDATE_COACHING_ACTIVITY",
        /// An assessment was added.
        AddAssessment = "ADD_ASSESSMENT",
        /// An assessment was settled.
        SettleAssessment = "SETTLE_ASSESSMENT",
        /// An award was told of.
        AddAward = "ADD_AWARD",
        /// Something was endorsed.
        Endorse = "ENDORSE",
        /// An account was added.
        AddAccount = "ADD_ACCOUNT",
        /// An account was changed: its roles, or whether it is disabled.
        ChangeAccount = "CHANGE_ACCOUNT",
        /// A link to choose a password was made.
        InviteAccount = "INVITE_ACCOUNT",
        /// An account that waited can sign in at once.
        UnlockAccount = "UNLOCK_ACCOUNT",
        /// An account was signed out everywhere.
        SignAccountOut = "SIGN_ACCOUNT_OUT",
        /// Somebody signed in.
        SignIn = "SIGN_IN",
        /// Somebody signed out.
        SignOut = "SIGN_OUT",
        /// Somebody chose a password by a link, and signed in.
        AcceptInvitation = "ACCEPT_INVITATION",
        /// Somebody changed their password.
        ChangePassword = "CHANGE_PASSWORD",
        /// An app for codes was set up, and waits for its first code.
        BeginTotp = "BEGIN_TOTP",
        /// An app for codes is asked for from now on.
        ConfirmTotp = "CONFIRM_TOTP",
        /// Somebody made other codes on paper.
        RenewRecoveryCodes = "RENEW_RECOVERY_CODES",
        /// Somebody's app for codes is asked for no more.
        RemoveTotp = "REMOVE_TOTP",
        /// A new passkey was asked for.
        BeginPasskey = "BEGIN_PASSKEY",
        /// Somebody added a passkey.
        AddPasskey = "ADD_PASSKEY",
        /// Somebody called a passkey otherwise.
        RenamePasskey = "RENAME_PASSKEY",
        /// Somebody removed a passkey.
        RemovePasskey = "REMOVE_PASSKEY",
        /// A passkey was asked for, to sign in.
        BeginPasskeySignIn = "BEGIN_PASSKEY_SIGN_IN",
        /// Somebody signed in with a passkey.
        SignInWithPasskey = "SIGN_IN_WITH_PASSKEY",
        /// Somebody signed in with an account of another system.
        SignInElsewhere = "SIGN_IN_ELSEWHERE",
        /// Somebody may sign in with an account of another system.
        LinkIdentity = "LINK_IDENTITY",
        /// Somebody may not sign in with an account of another system any more.
        UnlinkIdentity = "UNLINK_IDENTITY",
        /// All second factors of an account were forgotten.
        ResetSecondFactors = "RESET_SECOND_FACTORS",
        /// Somebody ended a session of theirs.
        EndSession = "END_SESSION",
        /// Somebody ended their other sessions.
        EndOtherSessions = "END_OTHER_SESSIONS",
        /// A token was made.
        CreateToken = "CREATE_TOKEN",
        /// A token was taken back.
        RevokeToken = "REVOKE_TOKEN",
        /// A peer was added.
        AddPeer = "ADD_PEER",
        /// A peer was removed.
        RemovePeer = "REMOVE_PEER",
        /// A key was pinned.
        AddPin = "ADD_PIN",
        /// The pins of a hub were removed.
        RemovePin = "REMOVE_PIN",
        /// An authority is followed.
        FollowAuthority = "FOLLOW_AUTHORITY",
        /// A hub is denied.
        DenyHub = "DENY_HUB",
        /// A hub is not denied any more.
        AllowHub = "ALLOW_HUB",
        /// As the network's authority, something was said of a member.
        SayOfMember = "SAY_OF_MEMBER",
        /// The hub signs with another key.
        RotateKey = "ROTATE_KEY",
        /// Made-up records were written, for trying.
        SeedRecords = "SEED_RECORDS",
        /// Records were imported from a file.
        ImportRecords = "IMPORT_RECORDS",
        /// Something was asked that may not be read.
        Read = "READ",
        /// A token, or a session's cookie, was shown that counts for nothing.
        ShowCredentials = "SHOW_CREDENTIALS",
        /// More was refused than is told one by one.
        CountRefusals = "COUNT_REFUSALS",
        /// The oldest events were removed, since they were older than the operator keeps them.
        CutAudit = "CUT_AUDIT",
        /// The hub was made.
        CreateHub = "CREATE_HUB",
    }
}

vocabulary! {
    /// What became of what was done or tried.
    AuditOutcome {
        /// It was done.
        Done = "DONE",
        /// Whoever asked may not, or did not show who they are.
        Refused = "REFUSED",
        /// It could not be done as it was asked.
        Failed = "FAILED",
    }
}

impl AuditAction {
    /// What a mutation of the public schema does, by its name: `signIn` is `SIGN_IN`.
    pub fn of_mutation(name: &str) -> Option<Self> {
        let mut code = String::with_capacity(name.len() + 4);
        for letter in name.chars() {
            if letter.is_ascii_uppercase() {
                code.push('_');
            }
            code.push(letter.to_ascii_uppercase());
        }
        Self::find(&code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mutation_is_an_action_by_its_name() {
        assert_eq!(
            AuditAction::of_mutation("signIn"),
            Some(AuditAction::SignIn)
        );
        assert_eq!(
            AuditAction::of_mutation("endorse"),
            Some(AuditAction::Endorse)
        );
        assert_eq!(
            AuditAction::of_mutation("endOtherSessions"),
            Some(AuditAction::EndOtherSessions)
        );
        assert_eq!(AuditAction::of_mutation("deleteAll"), None);
    }
}
