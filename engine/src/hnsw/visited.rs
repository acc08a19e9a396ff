//! Which nodes a walk has met: one bit a node, and a list of the words to clear, so that clearing costs what the walk did and not what the
//! graph is. A million nodes are 125 KB, which stay in the second cache.

/// A set of nodes that forgets quickly.
#[derive(Debug, Default)]
pub(crate) struct Visited {
    words: Vec<u64>,
    /// Words that are not 0, and then room for those of one more row.
    touched: Vec<u32>,
    touched_len: usize,
}

impl Visited {
    /// Forgets all and makes room for `len` nodes.
    pub(crate) fn reset(&mut self, len: usize) {
        for word in &self.touched[..self.touched_len] {
            self.words[*word as usize] = 0;
        }
        self.touched_len = 0;
        if self.words.len() * 64 < len {
            self.words.resize(len.div_ceil(64), 0);
        }
    }

    /// Adds a node; false if it was there.
    #[inline]
    pub(crate) fn insert(&mut self, node: u32) -> bool {
        let word = &mut self.words[node as usize / 64];
        let bit = 1u64 << (node % 64);
        let new = *word & bit == 0;
        if *word == 0 {
            self.touched.truncate(self.touched_len);
            self.touched.push(node / 64);
            self.touched_len += 1;
        }
        *word |= bit;
        new
    }

    /// Adds the nodes of a row; those that were not there are left at the front of `into`, whose new length is returned.
    #[inline]
    pub(crate) fn insert_row(&mut self, row: &[u32], into: &mut [u32]) -> usize {
        let end = self.touched_len + row.len();
        if self.touched.len() < end {
            self.touched.resize(2 * end, 0);
        }
        let touched = &mut self.touched[self.touched_len..end];
        let (mut count, mut new_words) = (0, 0);
        for node in row {
            if *node == super::graph::FREE_LINK {
                break;
            }
            // No branch on what was met before: half of the neighbours were, at random.
            let word = &mut self.words[*node as usize / 64];
            let bit = 1u64 << (node % 64);
            touched[new_words] = node / 64;
            new_words += usize::from(*word == 0);
            into[count] = *node;
            count += usize::from(*word & bit == 0);
            *word |= bit;
        }
        self.touched_len += new_words;
        count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remembers_until_reset() {
        let mut visited = Visited::default();
        visited.reset(1000);
        let mut new = [0; 8];
        assert_eq!(visited.insert_row(&[3, 999, 3, 64, u32::MAX, 5], &mut new), 3);
        assert_eq!(new[..3], [3, 999, 64]);
        assert!(!visited.insert(64) && visited.insert(65) && !visited.insert(65));
        visited.reset(2000);
        assert!(visited.insert(3) && visited.insert(1999) && visited.insert(64));
    }
}
