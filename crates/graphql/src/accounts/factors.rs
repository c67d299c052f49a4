//! Second factors: codes that an app shows (TOTP), and codes on paper for those who lost the device.
//!
//! What is right is `credentials`' to say, that it is taken once `storage::accounts::factors`'.

use async_graphql::{Context, Object, SimpleObject};
use credentials::password::Password;
use credentials::recovery::{self, RecoveryCode, RecoveryHash};
use credentials::totp::{TotpSecret, digits_of};
use storage::accounts::factors::{self, Given, Totp};
use storage::accounts::sessions::Began;
use storage::accounts::{self, failures, sessions};
use time::Duration;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::{Account, in_person, signing};
use crate::ApiError;
use crate::context::ContextExt as _;

/// How long after signing in nobody need give the password again.
const FRESH: Duration = Duration::minutes(10);

/// What an app is told to show codes for an account. It is not told again.
#[derive(SimpleObject)]
#[graphql(serial)]
pub(crate) struct TotpEnrolment {
    /// The address with all that the app needs, `otpauth://totp/…`.
    url: String,
    /// The secret in base32, for those who type it.
    secret: String,
    /// The address as a QR code in SVG, for a camera.
    picture: String,
}

/// Codes on paper, each of which is taken once instead of the app's code. They are not told again.
#[derive(SimpleObject)]
#[graphql(serial)]
pub(crate) struct RecoveryCodes {
    /// The codes.
    codes: Vec<String>,
    /// The account.
    account: Account,
}

/// What can be done with second factors.
#[derive(Default)]
pub(crate) struct FactorMutation;

/// What can be done with second factors.
#[Object(serial)]
impl FactorMutation {
    /// Makes the secret with which an app shows codes for one's own account. The codes are asked for after one of them was given to
    /// `confirmTotp`.
    async fn begin_totp(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The password.")] password: String,
    ) -> Result<TotpEnrolment, ApiError> {
        let account = know(ctx, password).await?;
        failures::forget(ctx.db(), account.id, None, None).await?;
        let hub = ctx.hub();
        let secret = TotpSecret::make(&*hub.entropy);
        let now = hub.clock.now();
        let deed = ctx.deed();
        let begun = factors::begin_totp(&hub.db, account.id, secret.as_bytes(), now, Some(&deed));
        if !begun.await? {
            let reason = "shows codes for the account already; removeTotp first";
            return Err(ApiError::invalid("app", reason));
        }
        let issuer = format!("Simpul {}", hub.db.hub());
        let told = secret.enrolment(account.name.as_str(), &issuer);
        Ok(TotpEnrolment {
            url: told.url.to_string(),
            secret: told.base32.to_string(),
            picture: told.picture.to_string(),
        })
    }

    /// Shows that the app is set up. From now on `signIn` asks for its code, and whoever else is signed in with the account is signed
    /// out. Gives ten codes on paper for those who lose the device.
    async fn confirm_totp(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The code that the app shows.")] code: String,
    ) -> Result<RecoveryCodes, ApiError> {
        let (account, session) = in_person(ctx)?;
        let code = Zeroizing::new(code);
        let (db, now) = (ctx.db(), ctx.hub().clock.now());
        let wrong = |reason| ApiError::invalid("code", reason);
        let waiting = factors::totp(db, account.account).await?;
        let waiting = waiting.filter(|totp| !totp.is_confirmed);
        let waiting =
            waiting.ok_or_else(|| wrong("is of no app that waits for one; beginTotp first"))?;
        let step = step_of(&waiting, &code, now);
        let step = step.ok_or_else(|| {
            wrong("is not what the app should show now; look at the clocks of the device and of the hub")
        })?;
        let (codes, hashes) = papers(ctx);
        let confirmed = (waiting.secret.as_slice(), step);
        let of = (account.account, session);
        if !factors::confirm_totp(db, of, confirmed, &hashes, Some(&ctx.deed())).await? {
            return Err(wrong("is of an app that was begun anew meanwhile"));
        }
        signing::renew_session(ctx, session).await?;
        told(ctx, account.account, codes).await
    }

    /// Makes ten other codes on paper; earlier ones are worth nothing then.
    async fn renew_recovery_codes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The password.")] password: String,
        #[graphql(desc = "The code that the app shows, or one of the codes on paper.")]
        code: String,
    ) -> Result<RecoveryCodes, ApiError> {
        let account = know_by_both(ctx, password, code).await?;
        let (codes, hashes) = papers(ctx);
        factors::renew_papers(ctx.db(), account.id, &hashes, Some(&ctx.deed())).await?;
        told(ctx, account.id, codes).await
    }

    /// Forgets the app and the codes on paper: from now on the password is enough again.
    async fn remove_totp(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The password.")] password: String,
        #[graphql(desc = "The code that the app shows, or one of the codes on paper.")]
        code: String,
    ) -> Result<Account, ApiError> {
        let account = know_by_both(ctx, password, code).await?;
        factors::remove_totp(ctx.db(), account.id, Some(&ctx.deed())).await?;
        signing::read(ctx, account.id).await
    }
}

/// Whoever is signed in, who just gave the password once more.
pub(super) async fn know(
    ctx: &Context<'_>,
    password: String,
) -> Result<accounts::Account, ApiError> {
    let password = Password::given(Zeroizing::new(password));
    let (account, _) = in_person(ctx)?;
    let kept = signing::read(ctx, account.account).await?.0;
    if kept.password.is_none() {
        let reason =
            "is asked for, and the account has none: it signs in elsewhere or with passkeys";
        return Err(ApiError::invalid("password", reason));
    }
    signing::compare(ctx, account.name.as_str(), password).await
}

/// Whoever is signed in, who just gave the password and a second factor once more.
async fn know_by_both(
    ctx: &Context<'_>,
    password: String,
    code: String,
) -> Result<accounts::Account, ApiError> {
    let code = Some(Zeroizing::new(code));
    let account = know(ctx, password).await?;
    match ask(ctx, account.id, code).await? {
        Began::SecondFactor => Ok(account),
        _ => Err(ApiError::invalid(
            "code",
            "is of no app; the account has none",
        )),
    }
}

/// Whoever is signed in, who gave the password with all that is asked for beside it once more, or signed in a moment ago.
pub(super) async fn fresh(
    ctx: &Context<'_>,
    password: Option<String>,
    code: Option<String>,
) -> Result<accounts::Account, ApiError> {
    let (account, session) = in_person(ctx)?;
    let (db, now) = (ctx.db(), ctx.hub().clock.now());
    if let Some(password) = password {
        let known = know(ctx, password).await?;
        ask(ctx, known.id, code.map(Zeroizing::new)).await?;
        failures::forget(db, known.id, None, None).await?;
        return Ok(known);
    }
    let sessions = sessions::list(db, account.account).await?;
    let current = sessions.iter().find(|it| it.id == session);
    if current.is_none_or(|current| now - current.created > FRESH) {
        let reason = "is asked for once more, since one signed in a while ago; or sign in again";
        return Err(ApiError::invalid("password", reason));
    }
    Ok(signing::read(ctx, account.account).await?.0)
}

/// Asks for a second factor of an account that has one, and says by what it is known then. A code that is wrong counts like
/// a wrong password, and none is taken twice.
pub(super) async fn ask(
    ctx: &Context<'_>,
    account: Uuid,
    code: Option<Zeroizing<String>>,
) -> Result<Began, ApiError> {
    let (db, now) = (ctx.db(), ctx.hub().clock.now());
    let totp = factors::totp(db, account).await?;
    let Some(totp) = totp.filter(|totp| totp.is_confirmed) else {
        return Ok(Began::Password);
    };
    let code = code.ok_or(ApiError::SecondFactorRequired)?;
    let paper = RecoveryHash::of(&code);
    let given = match (step_of(&totp, &code, now), &paper) {
        (Some(step), _) => Given::Step(step),
        (None, Some(paper)) => Given::Paper(paper.as_bytes()),
        (None, None) => Given::Wrong,
    };
    if factors::take(db, account, given, now).await? {
        return Ok(Began::SecondFactor);
    }
    Err(ApiError::SigningInFailed)
}

fn step_of(totp: &Totp, code: &str, now: time::OffsetDateTime) -> Option<u64> {
    digits_of(code)?;
    TotpSecret::kept(&totp.secret)?.check(code, now)
}

fn papers(ctx: &Context<'_>) -> (Vec<RecoveryCode>, Vec<Vec<u8>>) {
    let make = |_| RecoveryCode::make(&*ctx.hub().entropy);
    let codes: Vec<RecoveryCode> = (0..recovery::CODES).map(make).collect();
    let hashes = codes.iter().map(|code| code.hash().as_bytes().to_vec());
    let hashes = hashes.collect();
    (codes, hashes)
}

async fn told(
    ctx: &Context<'_>,
    account: Uuid,
    codes: Vec<RecoveryCode>,
) -> Result<RecoveryCodes, ApiError> {
    Ok(RecoveryCodes {
        codes: codes.iter().map(|code| code.reveal().to_owned()).collect(),
        account: signing::read(ctx, account).await?,
    })
}
