//! Virtual time, and who goes on next: everything of a simulation runs in one thread, in an order that depends on nothing
//! else. Time stands while anybody can go on, then jumps to the first who waits for it.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use domain::clock::Clock;
use time::OffsetDateTime;
use time::macros::datetime;

type Task = Pin<Box<dyn Future<Output = ()>>>;

/// The number of the task that everything ends with.
const MAIN: u64 = 0;

thread_local! {
    static SCENE: Scene = Scene::default();
    /// Rounds bound some searches by the time of a runtime. Its timers never end in a simulation, which takes less time.
    static RUNTIME: tokio::runtime::Runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime of one thread can be made");
}

/// All that waits or can go on in this thread.
#[derive(Default)]
struct Scene {
    millis: Cell<u64>,
    count: Cell<u64>,
    sleepers: RefCell<BTreeMap<(u64, u64), Waker>>,
    tasks: RefCell<BTreeMap<u64, Task>>,
    ready: Arc<Ready>,
}

/// The tasks that can go on, in the order in which they became so.
#[derive(Default)]
struct Ready(Mutex<VecDeque<u64>>);

impl Ready {
    fn push(&self, task: u64) {
        let mut queue = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        queue.push_back(task);
    }

    fn pop(&self) -> Option<u64> {
        let mut queue = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        queue.pop_front()
    }
}

struct Call {
    task: u64,
    ready: Arc<Ready>,
}

impl Wake for Call {
    fn wake(self: Arc<Self>) {
        self.ready.push(self.task);
    }
}

impl Scene {
    fn number(&self) -> u64 {
        self.count.set(self.count.get() + 1);
        self.count.get()
    }

    fn waker(&self, task: u64) -> Waker {
        let ready = Arc::clone(&self.ready);
        Waker::from(Arc::new(Call { task, ready }))
    }

    /// Lets time jump to the first who waits for it.
    fn jump(&self) {
        let first = self.sleepers.borrow_mut().pop_first();
        let ((due, _), waker) = first.expect("somebody waits for time, or can go on");
        self.millis.set(due);
        waker.wake();
    }

    fn clear(&self) {
        self.millis.set(0);
        self.count.set(MAIN);
        self.sleepers.borrow_mut().clear();
        self.tasks.borrow_mut().clear();
        while self.ready.pop().is_some() {}
    }
}

/// Runs something with what it begins, from the time 0 on.
pub(crate) fn in_virtual_time<T>(main: impl Future<Output = T>) -> T {
    RUNTIME.with(|runtime| {
        let _context = runtime.enter();
        SCENE.with(|scene| {
            scene.clear();
            let result = run(scene, main);
            scene.clear();
            result
        })
    })
}

fn run<T>(scene: &Scene, main: impl Future<Output = T>) -> T {
    let mut main = std::pin::pin!(main);
    scene.ready.push(MAIN);
    loop {
        let Some(task) = scene.ready.pop() else {
            scene.jump();
            continue;
        };
        let waker = scene.waker(task);
        let mut context = Context::from_waker(&waker);
        if task == MAIN {
            if let Poll::Ready(result) = main.as_mut().poll(&mut context) {
                return result;
            }
            continue;
        }
        // Taken out while it goes on, since it may begin others.
        let taken = scene.tasks.borrow_mut().remove(&task);
        if let Some(mut future) = taken
            && future.as_mut().poll(&mut context).is_pending()
        {
            scene.tasks.borrow_mut().insert(task, future);
        }
    }
}

/// Something that goes on beside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Beside(u64);

/// Begins something beside what runs.
pub(crate) fn begin(future: impl Future<Output = ()> + 'static) -> Beside {
    SCENE.with(|scene| {
        let number = scene.number();
        scene.tasks.borrow_mut().insert(number, Box::pin(future));
        scene.ready.push(number);
        Beside(number)
    })
}

impl Beside {
    /// Whether it still goes on.
    pub(crate) fn goes_on(self) -> bool {
        SCENE.with(|scene| scene.tasks.borrow().contains_key(&self.0))
    }

    /// Ends it where it stands.
    pub(crate) fn cut_off(self) {
        let future = SCENE.with(|scene| scene.tasks.borrow_mut().remove(&self.0));
        drop(future);
    }
}

/// The virtual milliseconds since the beginning.
pub(crate) fn millis() -> u64 {
    SCENE.with(|scene| scene.millis.get())
}

/// Waits for so much virtual time.
pub(crate) fn sleep(time: Duration) -> Sleep {
    let length = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    Sleep {
        due: millis().saturating_add(length.max(1)),
    }
}

/// Waiting for a moment.
#[derive(Debug)]
pub(crate) struct Sleep {
    due: u64,
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        SCENE.with(|scene| {
            if scene.millis.get() >= self.due {
                return Poll::Ready(());
            }
            let place = (self.due, scene.number());
            let waker = context.waker().clone();
            scene.sleepers.borrow_mut().insert(place, waker);
            Poll::Pending
        })
    }
}

/// Tells the virtual time; it begins at 2026-01-01 00:00 UTC.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct VirtualClock;

impl Clock for VirtualClock {
    fn now(&self) -> OffsetDateTime {
        datetime!(2026-01-01 00:00 UTC) + Duration::from_millis(millis())
    }
}
