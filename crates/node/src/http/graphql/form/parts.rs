//! The parts of a form (RFC 7578), read one after the other while they come.
//!
//! multer takes all that is there into memory before it looks for the end of a part. So it is given small pieces one at a time, and
//! of what stands between two files no more than their headers may take.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use axum::body::{Body, BodyDataStream, Bytes};
use axum::http::{HeaderMap, header};
use futures_util::Stream;
use multer::{Field, Multipart};

use super::super::refused::Refused;
use super::map::within;
use crate::config::{UploadsConfig, count};

/// What multer is given at once, in bytes.
const PIECE_BYTES: usize = 16 * 1024;
/// The longest boundary (RFC 2046, section 5.1.1).
const BOUNDARY_CHARS: usize = 70;

/// The parts of a form that are still to come.
pub(super) struct Parts<'a> {
    form: Multipart<'static>,
    /// What may still be read before the next part or piece of it is there.
    left: Arc<AtomicUsize>,
    bounds: &'a UploadsConfig,
}

/// One part: its name, and its content as it comes.
pub(super) struct Part {
    pub(super) name: String,
    field: Field<'static>,
    left: Arc<AtomicUsize>,
    total: usize,
}

impl<'a> Parts<'a> {
    /// The parts of a body. Nothing is read yet.
    pub(super) fn of(
        headers: &HeaderMap,
        body: Body,
        bounds: &'a UploadsConfig,
    ) -> Result<Self, Refused> {
        let boundary = boundary(headers)?;
        let announced = headers.get(header::CONTENT_LENGTH);
        let announced = announced.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        if announced.is_some_and(|length| length > u64::from(bounds.total_bytes.get())) {
            return Err(Refused::too_large(count(bounds.total_bytes)));
        }
        let left = Arc::new(AtomicUsize::new(0));
        let pieces = Pieces {
            body: body.into_data_stream(),
            rest: Bytes::new(),
            is_resting: false,
            left: Arc::clone(&left),
            total: count(bounds.total_bytes),
        };
        Ok(Self {
            form: Multipart::new(pieces, boundary),
            left,
            bounds,
        })
    }

    /// The next part; nothing behind the last.
    pub(super) async fn next(&mut self) -> Result<Option<Part>, Refused> {
        let most = count(self.bounds.part_header_bytes);
        self.left.store(most + 2 * PIECE_BYTES, Ordering::Relaxed);
        let total = count(self.bounds.total_bytes);
        let field = self.form.next_field().await;
        let Some(field) = field.map_err(|error| self.refused(&error))? else {
            return Ok(None);
        };
        let headers = field.headers();
        let number = headers.len();
        within(
            "headers in one part",
            number,
            count(self.bounds.part_headers),
        )?;
        let bytes = |(name, value): (&header::HeaderName, &header::HeaderValue)| {
            name.as_str().len() + value.len() + ": \r\n".len()
        };
        let bytes = headers.iter().map(bytes).sum();
        within("bytes of headers in one part", bytes, most)?;
        check_disposition(headers)?;
        let name = field.name().filter(|name| !name.is_empty());
        let name = name.map(str::to_owned);
        Ok(Some(Part {
            name: name.ok_or_else(|| Refused::bad_request("a part of the form has no name"))?,
            field,
            left: Arc::clone(&self.left),
            total,
        }))
    }

    fn refused(&self, error: &multer::Error) -> Refused {
        refused(error, count(self.bounds.total_bytes))
    }
}

impl Part {
    /// The next piece of its content; nothing at its end.
    pub(super) async fn piece(&mut self) -> Result<Option<Bytes>, Refused> {
        self.left.store(4 * PIECE_BYTES, Ordering::Relaxed);
        let piece = self.field.chunk().await;
        piece.map_err(|error| refused(&error, self.total))
    }

    /// Its whole content, of at most `limit` bytes.
    pub(super) async fn whole(mut self, limit: usize) -> Result<Vec<u8>, Refused> {
        let mut whole = Vec::new();
        while let Some(piece) = self.piece().await? {
            let bytes = whole.len() + piece.len();
            if bytes > limit {
                return Err(Refused::too_much(format!(
                    "the part {:.60} is larger than the {limit} bytes allowed",
                    self.name
                )));
            }
            whole.extend_from_slice(&piece);
        }
        Ok(whole)
    }
}

/// Why no more pieces come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum Stop {
    #[error("the body broke off")]
    BrokeOff,
    #[error("the whole is too large")]
    Total,
    #[error("what stands between two files is too large")]
    Between,
}

fn refused(error: &multer::Error, total: usize) -> Refused {
    let stop = match error {
        multer::Error::StreamReadFailed(cause) => cause.downcast_ref::<Stop>().copied(),
        _ => None,
    };
    match stop {
        Some(Stop::Total) => Refused::too_large(total),
        Some(Stop::Between) => Refused::too_much(
            "the headers of a part are larger than allowed, or its end is missing",
        ),
        Some(Stop::BrokeOff) => Refused::bad_request("the body broke off"),
        None => Refused::bad_request(match error {
            multer::Error::IncompleteStream
            | multer::Error::IncompleteFieldData { .. }
            | multer::Error::IncompleteHeaders => {
                "the form ends before its last boundary, or its boundary is another than Content-Type says"
            }
            _ => "a part of the form has headers that cannot be read, or too many",
        }),
    }
}

/// The content types, encodings and dispositions that a part may have (RFC 7578, sections 4.2 and 4.7).
fn check_disposition(headers: &HeaderMap) -> Result<(), Refused> {
    let mut dispositions = headers.get_all(header::CONTENT_DISPOSITION).iter();
    let disposition = dispositions.next().map_or(&b""[..], |it| it.as_bytes());
    let kind = disposition.split(|byte| *byte == b';').next();
    let is_of_form = kind.is_some_and(|kind| kind.trim_ascii().eq_ignore_ascii_case(b"form-data"));
    if !is_of_form || dispositions.next().is_some() {
        return Err(Refused::bad_request(
            "a part of the form must have one header Content-Disposition, which begins with form-data",
        ));
    }
    let encoding = headers.get("content-transfer-encoding");
    let encoding = encoding
        .map_or(&b"binary"[..], |it| it.as_bytes())
        .trim_ascii();
    let mut plain = [&b"binary"[..], b"8bit", b"7bit"].into_iter();
    if !plain.any(|plain| encoding.eq_ignore_ascii_case(plain)) {
        return Err(Refused::unsupported_media_type(
            "the parts of the form must not have a Content-Transfer-Encoding",
        ));
    }
    Ok(())
}

/// The boundary that the header names, once (RFC 2046, section 5.1.1).
fn boundary(headers: &HeaderMap) -> Result<String, Refused> {
    let wrong = || {
        Refused::bad_request(
            "Content-Type must name one boundary, of 1 to 70 letters, digits and '()+_,-./:=?",
        )
    };
    let content_type = headers.get(header::CONTENT_TYPE);
    let content_type = content_type.and_then(|value| value.to_str().ok());
    let parameters = content_type.unwrap_or_default().split(';').skip(1);
    let named = parameters.filter_map(|parameter| {
        let (key, value) = parameter.split_once('=')?;
        let is_it = key.trim().eq_ignore_ascii_case("boundary");
        is_it.then(|| value.trim())
    });
    let named: Vec<_> = named.collect();
    let [value] = named[..] else {
        return Err(wrong());
    };
    let quoted = value
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    let value = quoted.unwrap_or(value);
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"'()+_,-./:=?".contains(&byte);
    if value.is_empty() || value.len() > BOUNDARY_CHARS || !value.bytes().all(is_plain) {
        return Err(wrong());
    }
    Ok(value.to_owned())
}

/// A body in small pieces. After each there is a pause: whoever reads takes all that it is given at once.
struct Pieces {
    body: BodyDataStream,
    rest: Bytes,
    is_resting: bool,
    left: Arc<AtomicUsize>,
    total: usize,
}

impl Pieces {
    fn counted(&mut self, piece: Bytes) -> Result<Bytes, Stop> {
        let bytes = piece.len();
        self.total = self.total.checked_sub(bytes).ok_or(Stop::Total)?;
        let left = self.left.load(Ordering::Relaxed);
        let left = left.checked_sub(bytes).ok_or(Stop::Between)?;
        self.left.store(left, Ordering::Relaxed);
        Ok(piece)
    }
}

impl Stream for Pieces {
    type Item = Result<Bytes, Stop>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        if std::mem::take(&mut this.is_resting) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if this.rest.is_empty() {
            match Pin::new(&mut this.body).poll_next(cx) {
                Poll::Ready(Some(Ok(bytes))) => this.rest = bytes,
                Poll::Ready(Some(Err(_))) => return Poll::Ready(Some(Err(Stop::BrokeOff))),
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Pending => return Poll::Pending,
            }
        }
        let bytes = this.rest.len().min(PIECE_BYTES);
        let piece = this.rest.split_to(bytes);
        this.is_resting = true;
        Poll::Ready(Some(this.counted(piece)))
    }
}

#[cfg(test)]
mod tests {
    use futures_util::{StreamExt as _, stream};

    use super::*;

    /// A form whose file is 64 MB, all of it there at once, and how much of it was taken.
    fn large() -> (Body, Arc<AtomicUsize>) {
        const PIECE: Bytes = Bytes::from_static(&[b'x'; 64 * 1024]);
        let taken = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&taken);
        let head = "--b\r\nContent-Disposition: form-data; name=\"0\"\r\n\r\n";
        let pieces = stream::iter(std::iter::repeat_n(PIECE, 1024)).map(move |piece| {
            counter.fetch_add(piece.len(), Ordering::Relaxed);
            piece
        });
        let body = stream::iter([Bytes::from(head)]).chain(pieces);
        let end = stream::iter([Bytes::from("\r\n--b--\r\n")]);
        let body = body.chain(end).map(Ok::<_, std::io::Error>);
        (Body::from_stream(body), taken)
    }

    #[tokio::test]
    async fn no_more_is_in_memory_than_was_asked_for() {
        let mut headers = HeaderMap::new();
        let content_type = "multipart/form-data; boundary=b".parse().unwrap();
        headers.insert(header::CONTENT_TYPE, content_type);
        let bounds = UploadsConfig {
            total_bytes: std::num::NonZeroU32::MAX,
            ..UploadsConfig::default()
        };
        let (body, taken) = large();
        let mut parts = Parts::of(&headers, body, &bounds).unwrap();
        let mut part = parts.next().await.unwrap().unwrap();
        let mut read = 0;
        while let Some(piece) = part.piece().await.unwrap() {
            read += piece.len();
            let ahead = taken.load(Ordering::Relaxed) - read;
            assert!(ahead <= 128 * 1024, "{ahead} bytes wait in memory");
        }
        assert_eq!(read, 64 * 1024 * 1024);
        drop(part);
        assert!(parts.next().await.unwrap().is_none());
    }

    #[track_caller]
    fn check(content_type: &'static str, expected: Option<&str>) {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, content_type.parse().unwrap());
        let found = boundary(&headers).ok();
        assert_eq!(found.as_deref(), expected, "{content_type}");
    }

    #[test]
    fn a_boundary_is_one_and_plain() {
        check("multipart/form-data; boundary=abc", Some("abc"));
        check("multipart/form-data; BOUNDARY=\"a:b=c\"", Some("a:b=c"));
        check("multipart/form-data", None);
        check("multipart/form-data; boundary=", None);
        check("multipart/form-data; boundary=\"\"", None);
        check("multipart/form-data; boundary=\"a", None);
        check("multipart/form-data; boundary=a\tb", None);
        check("multipart/form-data; boundary=a; boundary=b", None);
        let long = "multipart/form-data; boundary=0123456789012345678901234567890123456789012345678901234567890123456789";
        check(long, Some(&long[30..]));
        check(
            "multipart/form-data; boundary=01234567890123456789012345678901234567890123456789012345678901234567890",
            None,
        );
    }
}
