//! A sorted map whose copies share what they have alike.

use std::{borrow::Borrow, fmt, sync::Arc};

/// Entries in one chunk: a change copies one chunk and the list of chunks, so that with thousands of
/// entries both are of some tens or hundreds. Twice as many or half would cost about the same.
const CHUNK: usize = 64;

type Chunk<K, V> = Arc<Vec<(K, V)>>;

/// A sorted map that is copied for nothing: a copy shares all chunks until one of the two changes,
/// and then all but one. What differs between two of them is found without looking at what they
/// share, which is how a tick knows what it has to look at.
pub(crate) struct SharedMap<K, V> {
    /// None of them is empty, and the keys rise from each to the next.
    chunks: Arc<Vec<Chunk<K, V>>>,
}

/// A key whose value differs between two maps: its value there and here.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Difference<'a, K, V> {
    pub(crate) key: &'a K,
    pub(crate) before: Option<&'a V>,
    pub(crate) after: Option<&'a V>,
}

/// Whether two values need not be told apart.
pub(crate) trait Alike {
    /// May say no of equals, where comparing would cost more than looking again.
    fn alike(&self, other: &Self) -> bool;
}

impl<T> Alike for Arc<T> {
    fn alike(&self, other: &Self) -> bool {
        Self::ptr_eq(self, other)
    }
}

impl<K: Ord + Clone, V: Clone> SharedMap<K, V> {
    pub(crate) fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.len()).sum()
    }

    /// Whether both are the same copy.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.chunks, &other.chunks)
    }

    pub(crate) fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        let (chunk, at) = self.find(key).ok()?;
        self.chunks.get(chunk)?.get(at).map(|(_, value)| value)
    }

    pub(crate) fn contains_key<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.find(key).is_ok()
    }

    pub(crate) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        let (chunk, at) = self.find(key).ok()?;
        let chunk = Arc::make_mut(&mut self.chunks).get_mut(chunk)?;
        Arc::make_mut(chunk).get_mut(at).map(|(_, value)| value)
    }

    pub(crate) fn insert(&mut self, key: K, value: V) -> Option<V> {
        let place = self.find(&key);
        let chunks = Arc::make_mut(&mut self.chunks);
        let (number, at) = match place {
            Ok((number, at)) => {
                let known = chunks.get_mut(number).and_then(|it| Arc::make_mut(it).get_mut(at));
                return known.map(|(_, known)| std::mem::replace(known, value));
            }
            Err(place) => place,
        };
        let Some(chunk) = chunks.get_mut(number) else {
            chunks.push(Arc::new(vec![(key, value)]));
            return None;
        };
        let chunk = Arc::make_mut(chunk);
        chunk.insert(at, (key, value));
        if chunk.len() > CHUNK {
            let rest = chunk.split_off(chunk.len() / 2);
            chunks.insert(number + 1, Arc::new(rest));
        }
        None
    }

    pub(crate) fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let (number, at) = self.find(key).ok()?;
        let chunks = Arc::make_mut(&mut self.chunks);
        let chunk = Arc::make_mut(chunks.get_mut(number)?);
        let (_, value) = chunk.remove(at);
        let left = chunk.len();
        // Few and full chunks, however many entries come and go.
        let next = chunks.get(number + 1).map_or(CHUNK, |next| next.len());
        if left == 0 {
            chunks.remove(number);
        } else if left + next <= CHUNK / 2 {
            let next = chunks.remove(number + 1);
            if let Some(chunk) = chunks.get_mut(number) {
                Arc::make_mut(chunk).extend(next.iter().cloned());
            }
        }
        Some(value)
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = (&K, &V)> + Clone {
        self.chunks.iter().flat_map(|chunk| chunk.iter()).map(|(key, value)| (key, value))
    }

    pub(crate) fn keys(&self) -> impl DoubleEndedIterator<Item = &K> + Clone {
        self.iter().map(|(key, _)| key)
    }

    pub(crate) fn values(&self) -> impl DoubleEndedIterator<Item = &V> + Clone {
        self.iter().map(|(_, value)| value)
    }

    /// The entries whose keys are `from` or after it.
    pub(crate) fn from<'a>(
        &'a self,
        from: &K,
    ) -> impl Iterator<Item = (&'a K, &'a V)> + use<'a, K, V> {
        let (Ok((number, at)) | Err((number, at))) = self.find(from);
        let chunks = self.chunks.get(number..).unwrap_or_default().iter();
        chunks.flat_map(|chunk| chunk.iter()).skip(at).map(|(key, value)| (key, value))
    }

    /// The chunk of a key and its place there, or where it would be put.
    fn find<Q: Ord + ?Sized>(&self, key: &Q) -> Result<(usize, usize), (usize, usize)>
    where
        K: Borrow<Q>,
    {
        let begins =
            |chunk: &Chunk<K, V>| chunk.first().is_some_and(|(first, _)| first.borrow() <= key);
        let number = self.chunks.partition_point(begins).saturating_sub(1);
        let chunk = self.chunks.get(number).map(|chunk| chunk.as_slice()).unwrap_or_default();
        let found = chunk.binary_search_by(|(known, _)| known.borrow().cmp(key));
        found.map(|at| (number, at)).map_err(|at| (number, at))
    }
}

impl<K: Ord + Clone, V: Clone + Alike> SharedMap<K, V> {
    /// What differs from `before`, in the order of the keys.
    pub(crate) fn since<'a>(&'a self, before: &'a Self) -> Vec<Difference<'a, K, V>> {
        let mut found = Vec::new();
        let (mut here, mut there) = (Cursor::of(self), Cursor::of(before));
        if self.is_same(before) {
            return found;
        }
        loop {
            here.skip_shared(&mut there);
            let (after, known) = (here.entry(), there.entry());
            let order = match (after, known) {
                (None, None) => return found,
                (Some(_), None) => std::cmp::Ordering::Less,
                (None, Some(_)) => std::cmp::Ordering::Greater,
                (Some((key, _)), Some((other, _))) => key.cmp(other),
            };
            let (after, known) = (after.filter(|_| order.is_le()), known.filter(|_| order.is_ge()));
            if let Some((key, _)) = after.or(known) {
                let (after, before) =
                    (after.map(|(_, value)| value), known.map(|(_, value)| value));
                let alike = matches!((after, before), (Some(one), Some(other)) if one.alike(other));
                if !alike {
                    found.push(Difference { key, before, after });
                }
            }
            here.step(after.is_some());
            there.step(known.is_some());
        }
    }
}

/// A place in a map.
struct Cursor<'a, K, V> {
    chunks: &'a [Chunk<K, V>],
    at: usize,
}

impl<'a, K, V> Cursor<'a, K, V> {
    fn of(map: &'a SharedMap<K, V>) -> Self {
        Self { chunks: &map.chunks, at: 0 }
    }

    /// Goes over the chunks that both are at the beginning of.
    fn skip_shared(&mut self, other: &mut Self) {
        while self.at == 0
            && other.at == 0
            && let ([one, rest @ ..], [its, others @ ..]) = (self.chunks, other.chunks)
            && Arc::ptr_eq(one, its)
        {
            (self.chunks, other.chunks) = (rest, others);
        }
    }

    fn entry(&self) -> Option<&'a (K, V)> {
        self.chunks.first()?.get(self.at)
    }

    fn step(&mut self, forward: bool) {
        if !forward {
            return;
        }
        self.at += 1;
        if let [one, rest @ ..] = self.chunks
            && self.at == one.len()
        {
            (self.chunks, self.at) = (rest, 0);
        }
    }
}

impl<K, V> Clone for SharedMap<K, V> {
    fn clone(&self) -> Self {
        Self { chunks: Arc::clone(&self.chunks) }
    }
}

impl<K, V> Default for SharedMap<K, V> {
    fn default() -> Self {
        Self { chunks: Arc::default() }
    }
}

impl<K: Ord + Clone, V: Clone> FromIterator<(K, V)> for SharedMap<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let mut map = Self::default();
        for (key, value) in entries {
            map.insert(key, value);
        }
        map
    }
}

impl<K: Ord + Clone + PartialEq, V: Clone + PartialEq> PartialEq for SharedMap<K, V> {
    fn eq(&self, other: &Self) -> bool {
        self.is_same(other) || self.iter().eq(other.iter())
    }
}

impl<K: Ord + Clone + fmt::Debug, V: Clone + fmt::Debug> fmt::Debug for SharedMap<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests;
