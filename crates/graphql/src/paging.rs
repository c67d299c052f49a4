//! Relay connections: forward and backward paging by keys (GraphQL Cursor Connections specification).

use async_graphql::SimpleObject;

use crate::ApiError;

/// How many items a page has when nothing is said.
pub(crate) const DEFAULT_PAGE: u32 = 20;
/// How many items a page has at most.
pub(crate) const MOST_PER_PAGE: u32 = 100;

/// Where a page stands in its list.
#[derive(SimpleObject)]
#[graphql(serial)]
pub(crate) struct PageInfo {
    /// Whether more follows after this page. Known when paging forward; false when paging backward without `before`.
    has_next_page: bool,
    /// Whether more lies before this page. Known when paging backward; false when paging forward without `after`.
    has_previous_page: bool,
    /// The cursor of the page's first item.
    start_cursor: Option<String>,
    /// The cursor of the page's last item.
    end_cursor: Option<String>,
}

impl PageInfo {
    /// Where a page of a list of changes stands, which is read forward only. Its end is a cursor even without items.
    pub(crate) fn changes(has_next_page: bool, end: u64) -> Self {
        Self {
            has_next_page,
            has_previous_page: false,
            start_cursor: None,
            end_cursor: Some(end.to_string()),
        }
    }
}

/// The arguments of a connection, as they came.
#[derive(Clone, Debug, Default)]
pub(crate) struct PageArgs {
    pub(crate) first: Option<i32>,
    pub(crate) after: Option<String>,
    pub(crate) last: Option<i32>,
    pub(crate) before: Option<String>,
}

/// From which end a page is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    First,
    Last,
}

/// The arguments of a connection, parsed.
#[derive(Clone, Debug)]
pub(crate) struct PageRequest<C> {
    pub(crate) end: End,
    pub(crate) count: u32,
    pub(crate) after: Option<C>,
    pub(crate) before: Option<C>,
}

impl PageArgs {
    /// The arguments of a list that is read forward only.
    pub(crate) fn forward(first: Option<i32>, after: Option<String>) -> Self {
        Self {
            first,
            after,
            ..Self::default()
        }
    }

    /// Parses the arguments; `cursor` reads one cursor.
    pub(crate) fn parse<C>(
        &self,
        cursor: impl Fn(&str) -> Option<C>,
    ) -> Result<PageRequest<C>, ApiError> {
        let (end, count) = match (self.first, self.last) {
            (Some(_), Some(_)) => {
                return Err(ApiError::invalid("last", "give first or last, not both"));
            }
            (None, Some(last)) => (End::Last, page_size("last", last)?),
            (first, None) => (
                End::First,
                page_size("first", first.unwrap_or(DEFAULT_PAGE.cast_signed()))?,
            ),
        };
        let parse = |field, raw: Option<&String>| {
            let read = |raw: &String| {
                cursor(raw).ok_or_else(|| {
                    ApiError::invalid(field, "is not a cursor of this list and order")
                })
            };
            raw.map(read).transpose()
        };
        Ok(PageRequest {
            end,
            count,
            after: parse("after", self.after.as_ref())?,
            before: parse("before", self.before.as_ref())?,
        })
    }
}

/// How many items of a list that has no cursors are wanted.
pub(crate) fn size(field: &'static str, given: Option<i32>, default: u32) -> Result<u32, ApiError> {
    given.map_or(Ok(default), |given| page_size(field, given))
}

/// A page costs what its items cost; an invalid size is refused by the resolver.
pub(crate) fn complexity(first: Option<i32>, last: Option<i32>, child: usize) -> usize {
    let items = first
        .or(last)
        .and_then(|count| usize::try_from(count).ok())
        .unwrap_or(20);
    items.max(1).saturating_mul(child)
}

/// The most values in one list of a filter.
const MOST_VALUES: usize = 50;

/// The values of one list of a filter, if they are not too many.
pub(crate) fn bounded<T>(field: &'static str, values: Option<Vec<T>>) -> Result<Vec<T>, ApiError> {
    let values = values.unwrap_or_default();
    if values.len() > MOST_VALUES {
        return Err(ApiError::invalid(
            field,
            format!("has {} values; {MOST_VALUES} are allowed", values.len()),
        ));
    }
    Ok(values)
}

fn page_size(field: &'static str, given: i32) -> Result<u32, ApiError> {
    let size = u32::try_from(given)
        .ok()
        .filter(|size| *size <= MOST_PER_PAGE);
    size.ok_or_else(|| {
        ApiError::invalid(
            field,
            format!("{given} is not a number from 0 to {MOST_PER_PAGE}"),
        )
    })
}

impl<C> PageRequest<C> {
    /// How many items to read: one more than asked for shows whether there are more.
    pub(crate) const fn limit(&self) -> u32 {
        self.count + 1
    }

    /// Brings what was read, in the order of reading, to the page's order, and says where the page stands.
    pub(crate) fn finish<T>(
        &self,
        mut items: Vec<T>,
        cursor: impl Fn(&T) -> String,
    ) -> (Vec<T>, PageInfo) {
        let count = usize::try_from(self.count).unwrap_or(usize::MAX);
        let has_more = items.len() > count;
        items.truncate(count);
        if self.end == End::Last {
            items.reverse();
        }
        let info = PageInfo {
            has_next_page: if self.end == End::First {
                has_more
            } else {
                self.before.is_some()
            },
            has_previous_page: if self.end == End::Last {
                has_more
            } else {
                self.after.is_some()
            },
            start_cursor: items.first().map(&cursor),
            end_cursor: items.last().map(&cursor),
        };
        (items, info)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(first: Option<i32>, last: Option<i32>) -> Result<PageRequest<u32>, String> {
        let args = PageArgs {
            first,
            last,
            ..PageArgs::default()
        };
        args.parse(|raw| raw.parse().ok())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_page_is_asked_from_one_end_and_bounded() {
        assert_eq!(request(None, None).unwrap().count, DEFAULT_PAGE);
        assert_eq!(request(Some(100), None).unwrap().limit(), 101);
        assert_eq!(request(None, Some(3)).unwrap().end, End::Last);
        assert_eq!(
            request(Some(1), Some(1)).unwrap_err(),
            "last: give first or last, not both"
        );
        assert_eq!(
            request(Some(101), None).unwrap_err(),
            "first: 101 is not a number from 0 to 100"
        );
        assert_eq!(
            request(None, Some(-1)).unwrap_err(),
            "last: -1 is not a number from 0 to 100"
        );
    }

    #[test]
    fn one_item_too_many_says_that_there_are_more() {
        let check = |first, last, read: &[i32], expected: &[i32], next, previous| {
            let (items, info) = request(first, last)
                .unwrap()
                .finish(read.to_vec(), ToString::to_string);
            assert_eq!(
                (items.as_slice(), info.has_next_page, info.has_previous_page),
                (expected, next, previous)
            );
            assert_eq!(info.start_cursor, expected.first().map(ToString::to_string));
        };
        check(Some(2), None, &[1, 2, 3], &[1, 2], true, false);
        check(Some(2), None, &[1, 2], &[1, 2], false, false);
        check(Some(0), None, &[1], &[], true, false);
        check(None, Some(2), &[9, 8, 7], &[8, 9], false, true);
        check(None, Some(2), &[], &[], false, false);
    }
}
