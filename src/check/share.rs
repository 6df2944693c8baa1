//! Work on many things, shared among the processors.

use std::sync::atomic::{AtomicUsize, Ordering};

/// How many parts there are when each processor has one.
pub(super) fn one_each(items: usize) -> usize {
    items.div_ceil(processors()).max(1)
}

/// Does the work on parts of so many items, this thread among the others, and tells what came of them in their order. Some
/// parts take longer than others: who is done takes the next one. A thread keeps its `S` from part to part.
pub(super) fn share<T: Sync, S: Default, R: Send>(
    items: &[T],
    size: usize,
    work: impl Fn(&[T], &mut S) -> R + Sync,
) -> Vec<R> {
    let parts: Vec<&[T]> = items.chunks(size).collect();
    let next = AtomicUsize::new(0);
    let take_turns = || {
        let mut kept = S::default();
        let mut done = Vec::new();
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            let Some(part) = parts.get(place) else {
                return done;
            };
            done.push((place, work(part, &mut kept)));
        }
    };
    let mut done = std::thread::scope(|scope| {
        let others = 1..processors().min(parts.len());
        let others: Vec<_> = others.map(|_| scope.spawn(take_turns)).collect();
        let mut done = take_turns();
        for other in others {
            match other.join() {
                Ok(more) => done.extend(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        done
    });
    done.sort_unstable_by_key(|(place, _)| *place);
    done.into_iter().map(|(_, result)| result).collect()
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_of_the_parts_is_in_their_order() {
        let items: Vec<usize> = (0..1_000).collect();
        let sums = share(&items, 7, |part, seen: &mut usize| {
            *seen += part.len();
            assert!(*seen <= items.len());
            part.iter().sum::<usize>()
        });
        let wanted: Vec<usize> = items.chunks(7).map(|part| part.iter().sum()).collect();
        assert_eq!(sums, wanted);
        assert_eq!(share(&[] as &[u8], 7, |_, (): &mut ()| 0), Vec::<i32>::new());
        assert_eq!(one_each(0), 1);
    }
}
