//! Descriptor sets of contracts, read.

use std::collections::HashMap;
use std::sync::OnceLock;

use parking_lot::Mutex;
use prost_reflect::DescriptorPool;

/// What is in a descriptor set, read once for all who ask; nothing where it cannot be read.
pub(crate) fn pool(set: &'static [u8]) -> Option<DescriptorPool> {
    static POOLS: OnceLock<Mutex<HashMap<usize, Option<DescriptorPool>>>> = OnceLock::new();
    if set.is_empty() {
        return None;
    }
    let mut pools = POOLS.get_or_init(Mutex::default).lock();
    // A static set stays where it is.
    let pool = pools.entry(set.as_ptr().addr());
    pool.or_insert_with(|| DescriptorPool::decode(set).ok())
        .clone()
}
