//! Exercises the threads of Rust's standard library, knowing nothing about fibers; prints what it
//! found.

use std::cell::RefCell;
use std::collections::HashSet;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::panic;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{channel, sync_channel, RecvTimeoutError};
use std::sync::{Arc, Barrier, Condvar, Mutex, Once, RwLock};
use std::thread;
use std::time::{Duration, Instant};

fn kernel_threads() -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("Threads:")).unwrap();
    line.split_whitespace().last().unwrap().to_string()
}

fn mutex() -> String {
    let total = Mutex::new(0);
    thread::scope(|scope| {
        for _ in 0..300 {
            scope.spawn(|| {
                for _ in 0..100 {
                    let mut seen = total.lock().unwrap();
                    thread::yield_now(); // gives others the chance to break in
                    *seen += 1;
                }
            });
        }
    });
    format!("300 threads, {} increments", total.into_inner().unwrap())
}

fn condvar() -> String {
    let state = Mutex::new((0, false));
    let changed = Condvar::new();
    let woken = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..300 {
            scope.spawn(|| {
                let mut guard = state.lock().unwrap();
                guard.0 += 1;
                changed.notify_all();
                drop(changed.wait_while(guard, |state| !state.1).unwrap());
                woken.fetch_add(1, Ordering::Relaxed);
            });
        }
        let mut guard = changed.wait_while(state.lock().unwrap(), |state| state.0 < 300).unwrap();
        println!("kernel threads: {}", kernel_threads());
        guard.1 = true;
        changed.notify_all();
    });
    let never = changed
        .wait_timeout_while(state.lock().unwrap(), Duration::from_millis(20), |_| true)
        .unwrap();
    assert!(never.1.timed_out());
    format!("{} threads woken", woken.into_inner())
}

fn rwlock() -> String {
    let pair = RwLock::new((0, 0));
    let reads = AtomicUsize::new(0);
    thread::scope(|scope| {
        for number in 0..100 {
            let (pair, reads) = (&pair, &reads);
            scope.spawn(move || {
                for _ in 0..50 {
                    if number % 4 == 0 {
                        let mut pair = pair.write().unwrap();
                        pair.0 += 1;
                        thread::yield_now();
                        pair.1 += 1;
                    } else {
                        let pair = pair.read().unwrap();
                        thread::yield_now();
                        assert_eq!(pair.0, pair.1);
                        reads.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    format!("{} writes, {} reads", pair.into_inner().unwrap().0, reads.into_inner())
}

fn once() -> String {
    let once = Once::new();
    let runs = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..100 {
            scope.spawn(|| {
                once.call_once(|| {
                    thread::sleep(Duration::from_millis(20));
                    runs.fetch_add(1, Ordering::Relaxed);
                });
                assert_eq!(runs.load(Ordering::Relaxed), 1);
            });
        }
    });
    let poisoned = Once::new();
    let first =
        thread::scope(|scope| scope.spawn(|| poisoned.call_once(|| panic!("expected"))).join());
    assert!(first.is_err());
    poisoned.call_once_force(|state| assert!(state.is_poisoned()));
    format!("100 threads, {} run", runs.into_inner())
}

fn barrier() -> String {
    let barrier = Barrier::new(50);
    let counts: Vec<_> = (0..20).map(|_| AtomicUsize::new(0)).collect();
    let leaders = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..50 {
            scope.spawn(|| {
                for count in &counts {
                    count.fetch_add(1, Ordering::Relaxed);
                    if barrier.wait().is_leader() {
                        leaders.fetch_add(1, Ordering::Relaxed);
                    }
                    assert_eq!(count.load(Ordering::Relaxed), 50);
                }
            });
        }
    });
    format!("50 threads, {} rounds", leaders.into_inner())
}

fn channels() -> String {
    let (items, received) = channel();
    let (bounded, bounded_received) = sync_channel(3);
    let (handed, handed_received) = sync_channel(0);
    for number in 0..10_u64 {
        let (items, bounded, handed) = (items.clone(), bounded.clone(), handed.clone());
        thread::spawn(move || {
            for item in (number..5000).step_by(10) {
                items.send(item).unwrap();
                bounded.send(item).unwrap();
                handed.send(item).unwrap();
            }
        });
    }
    drop((items, bounded, handed));
    let sums: Vec<u64> = vec![
        thread::spawn(move || received.iter().sum::<u64>()),
        thread::spawn(move || bounded_received.iter().sum::<u64>()),
        thread::spawn(move || handed_received.iter().sum::<u64>()),
    ]
    .into_iter()
    .map(|thread| thread.join().unwrap())
    .collect();
    let (_kept, silent) = channel::<()>();
    assert_eq!(silent.recv_timeout(Duration::from_millis(20)), Err(RecvTimeoutError::Timeout));
    format!("sums {:?}", sums)
}

fn parking() -> String {
    let go = Arc::new(AtomicBool::new(false));
    let threads: Vec<_> = (0..100)
        .map(|_| {
            let go = go.clone();
            thread::spawn(move || {
                while !go.load(Ordering::Acquire) {
                    thread::park();
                }
            })
        })
        .collect();
    go.store(true, Ordering::Release);
    for thread in &threads {
        thread.thread().unpark();
    }
    let count = threads.into_iter().map(|thread| thread.join().unwrap()).count();
    let start = Instant::now();
    while start.elapsed() < Duration::from_millis(20) {
        thread::park_timeout(Duration::from_millis(20)); // may return early
    }
    thread::current().unpark();
    thread::park(); // the token is there
    format!("{} threads unparked", count)
}

static DESTROYED: AtomicUsize = AtomicUsize::new(0);

struct Counted(usize);

impl Drop for Counted {
    fn drop(&mut self) {
        DESTROYED.fetch_add(self.0, Ordering::Relaxed);
    }
}

thread_local! {
    static OWN: RefCell<Counted> = RefCell::new(Counted(0));
}

fn thread_locals() -> String {
    let everyone = Arc::new(Barrier::new(200));
    let threads: Vec<_> = (0..200)
        .map(|number| {
            let everyone = everyone.clone();
            thread::spawn(move || {
                OWN.with(|own| own.borrow_mut().0 = number);
                everyone.wait();
                OWN.with(|own| assert_eq!(own.borrow().0, number));
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap(); // after destructors, for which the end of a scope does not wait
    }
    format!("200 threads, sum of the destroyed {}", DESTROYED.load(Ordering::Relaxed))
}

fn panics() -> String {
    let lock = Arc::new(Mutex::new(0));
    let threads: Vec<_> = (0..100)
        .map(|number| {
            let lock = lock.clone();
            thread::spawn(move || {
                let caught = panic::catch_unwind(|| {
                    thread::yield_now();
                    panic!("{}", number);
                });
                assert_eq!(*caught.unwrap_err().downcast::<String>().unwrap(), number.to_string());
                let _guard = lock.lock();
                panic!("{}", number);
            })
        })
        .collect();
    let sum: usize = threads
        .into_iter()
        .map(|thread| *thread.join().unwrap_err().downcast::<String>().unwrap())
        .map(|message| message.parse::<usize>().unwrap())
        .sum();
    assert!(lock.is_poisoned());
    format!("100 threads, sum {}", sum)
}

#[inline(never)]
fn depth(n: usize) -> usize {
    let block = [n as u8; 1024];
    let kept: &dyn Fn() -> u8 = &|| block[n % 1024];
    if n == 0 {
        return 0;
    }
    let deeper = depth(n - 1);
    assert_eq!(kept(), n as u8);
    1 + deeper
}

fn builders() -> String {
    let threads: Vec<_> = (0..20)
        .map(|number| {
            thread::Builder::new()
                .name(format!("builder-{}", number))
                .stack_size(16 << 20)
                .spawn(move || {
                    let name = thread::current().name().unwrap().to_string();
                    let own = fs::read_to_string("/proc/thread-self/comm").is_ok();
                    (name, own, depth(4000), thread::current().id())
                })
                .unwrap()
        })
        .collect();
    let mut identities = HashSet::new();
    let mut frames = 0;
    for (number, thread) in threads.into_iter().enumerate() {
        let (name, own, deep, identity) = thread.join().unwrap();
        assert_eq!(name, format!("builder-{}", number));
        assert!(own);
        identities.insert(identity);
        frames += deep;
    }
    format!("{} threads, {} frames", identities.len(), frames)
}

fn sleeps() -> String {
    let start = Instant::now();
    thread::scope(|scope| {
        for _ in 0..200 {
            scope.spawn(|| thread::sleep(Duration::from_millis(300)));
        }
    });
    let elapsed = start.elapsed();
    assert!(elapsed >= Duration::from_millis(300) && elapsed < Duration::from_secs(3));
    "200 threads, as long as one".to_string()
}

fn echo(mut client: TcpStream) {
    let lines = BufReader::new(client.try_clone().unwrap()).lines();
    for line in lines {
        // At once: the rest of a line would wait for the acknowledgement of its first part.
        client.write_all((line.unwrap().to_uppercase() + "\n").as_bytes()).unwrap();
    }
}

fn server() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let correct = AtomicUsize::new(0);
    thread::scope(|scope| {
        let listener = &listener;
        scope.spawn(move || {
            for _ in 0..50 {
                let client = listener.accept().unwrap().0;
                scope.spawn(move || echo(client));
            }
        });
        for number in 0..50 {
            let correct = &correct;
            scope.spawn(move || {
                let mut server = TcpStream::connect(address).unwrap();
                server.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
                let mut replies = BufReader::new(server.try_clone().unwrap()).lines();
                for turn in 0..10 {
                    let line = format!("client {} turn {}\n", number, turn);
                    server.write_all(line.as_bytes()).unwrap();
                    let reply = replies.next().unwrap().unwrap();
                    if reply == format!("CLIENT {} TURN {}", number, turn) {
                        correct.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    format!("50 clients, {} correct replies", correct.into_inner())
}

fn main() {
    panic::set_hook(Box::new(|_| {})); // panics are expected and their threads joined
    let tests: [(&str, fn() -> String); 12] = [
        ("mutex", mutex),
        ("condvar", condvar),
        ("rwlock", rwlock),
        ("once", once),
        ("barrier", barrier),
        ("channels", channels),
        ("parking", parking),
        ("thread_locals", thread_locals),
        ("panics", panics),
        ("builders", builders),
        ("sleeps", sleeps),
        ("server", server),
    ];
    for (name, test) in tests {
        match panic::catch_unwind(test) {
            Ok(found) => println!("{}: {}", name, found),
            Err(error) => {
                let message = error.downcast::<String>().unwrap_or_default();
                println!("{}: failed: {}", name, message);
            }
        }
    }
}
