//! Documents that wait to be indexed: few, so that they need little memory, and so that whoever puts them in takes as long
//! as that takes.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use tantivy::TantivyDocument;
use tantivy::schema::document::Document;

/// How many documents wait.
const ROOM: usize = 256;
/// How long is waited for room. Whoever indexes may have died, which shows when the document is handed over.
const PATIENCE: Duration = Duration::from_secs(10);

/// The places of documents that wait.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    taken: Mutex<usize>,
    freed: Condvar,
}

/// A document that waits. Its place is free again as soon as it is indexed or dropped.
pub(crate) struct Queued {
    document: TantivyDocument,
    _place: Place,
}

struct Place(Arc<Queue>);

impl Queue {
    /// Waits for a place, but not for ever.
    pub(crate) fn enter(self: &Arc<Self>, document: TantivyDocument) -> Queued {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let full = |taken: &mut usize| *taken >= ROOM;
        let waited = self.freed.wait_timeout_while(taken, PATIENCE, full);
        let (mut taken, _) = waited.unwrap_or_else(PoisonError::into_inner);
        *taken += 1;
        Queued {
            document,
            _place: Place(Arc::clone(self)),
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        *self.0.taken.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        self.0.freed.notify_one();
    }
}

impl Document for Queued {
    type Value<'a> = <TantivyDocument as Document>::Value<'a>;
    type FieldsValuesIter<'a> = <TantivyDocument as Document>::FieldsValuesIter<'a>;

    fn iter_fields_and_values(&self) -> Self::FieldsValuesIter<'_> {
        self.document.iter_fields_and_values()
    }

    fn into_tantivy_document(self) -> TantivyDocument {
        self.document
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::thread;

    use super::*;

    #[test]
    fn who_comes_when_it_is_full_waits_until_one_is_taken() {
        let queue = Arc::new(Queue::default());
        let (sender, queued) = channel();
        let entering = Arc::clone(&queue);
        let putting = thread::spawn(move || {
            for _ in 0..2 * ROOM {
                sender.send(entering.enter(TantivyDocument::new())).unwrap();
            }
        });
        let mut waiting: Vec<Queued> = (0..ROOM).map(|_| queued.recv().unwrap()).collect();
        for _ in 0..ROOM {
            assert!(queued.try_recv().is_err(), "it is full");
            let document = waiting.pop().unwrap().into_tantivy_document();
            assert_eq!(document.iter_fields_and_values().count(), 0);
            waiting.push(queued.recv().unwrap());
        }
        putting.join().unwrap();
        drop(waiting);
        assert_eq!(*queue.taken.lock().unwrap(), 0);
    }
}
