//! A map by type.

use std::any::TypeId;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

pub(super) type Map<V> = HashMap<TypeId, V, BuildHasherDefault<IdHasher>>;

/// Takes a `TypeId` as it is, because it is a hash already. To hash it once more, by the standard hasher, would double
/// what it costs to ask the container for a singleton.
#[derive(Default)]
pub(super) struct IdHasher(u64);

impl Hasher for IdHasher {
    /// A `TypeId` writes one word.
    fn write_u64(&mut self, word: u64) {
        self.0 = word;
    }

    /// What it may write instead in a later version of Rust.
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8).wrapping_add(u64::from(*byte));
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use std::any::TypeId;
    use std::hash::{BuildHasher, Hasher};

    use super::{IdHasher, Map};

    // A map with a bad hash works, and is slow. So its hash is looked at here.

    #[test]
    fn types_have_hashes_of_their_own() {
        let map = Map::<()>::default();
        let hash = |id: TypeId| map.hasher().hash_one(id);
        assert_ne!(hash(TypeId::of::<u8>()), hash(TypeId::of::<u16>()));
        assert_eq!(hash(TypeId::of::<u8>()), hash(TypeId::of::<u8>()));
    }

    #[test]
    fn bytes_have_a_hash_too() {
        let hash = |bytes: &[u8]| {
            let mut hasher = IdHasher::default();
            hasher.write(bytes);
            hasher.finish()
        };
        assert_eq!(hash(&[1, 2]), 0x0102);
        assert_ne!(hash(&[1, 2]), hash(&[2, 1]));
    }
}
