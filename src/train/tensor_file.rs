//! Safetensors files that are checked before they are believed: bounded header, every tensor inside the file, every tensor
//! and the header with a checksum.

use safetensors::tensor::{Metadata, TensorView};
use safetensors::{Dtype, SafeTensors};
use std::collections::{BTreeMap, HashMap};

/// Longest header that is parsed, in bytes.
const MAX_HEADER: usize = 4 << 20;

/// The tensors of a file that is open.
pub(super) struct Tensors<'a> {
    file: SafeTensors<'a>,
}

/// The JSON header's length, checked against the file's.
pub(super) fn bounded(bytes: &[u8]) -> Result<usize, String> {
    let Some(length) = bytes.first_chunk::<8>().map(|b| u64::from_le_bytes(*b)) else {
        return Err(format!("{} bytes are too few for a safetensors file", bytes.len()));
    };
    if length > MAX_HEADER as u64 {
        return Err(format!("its header would be {length} bytes long; at most {MAX_HEADER} can be read (bytes 0 to 7)"));
    }
    if length as usize > bytes.len() - 8 {
        return Err(format!("cut off at byte {}: the header ends at byte {}", bytes.len(), 8 + length));
    }
    Ok(length as usize)
}

/// Opens a file whose header is bounded.
pub(super) fn open(bytes: &[u8]) -> Result<(SafeTensors<'_>, Metadata), String> {
    let length = bounded(bytes)?;
    let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(|e| match e {
        safetensors::SafeTensorError::MetadataIncompleteBuffer => format!("its tensors do not fill the {} bytes after the header: cut off, or longer than it was", bytes.len() - 8 - length),
        e => format!("header (bytes 8 to {}): {e}", 8 + length),
    })?;
    Ok((SafeTensors::deserialize(bytes).map_err(|e| e.to_string())?, metadata))
}

/// The text under `key` in a file's metadata.
pub(super) fn text<'a>(metadata: &'a Metadata, key: &str) -> Result<&'a String, String> {
    metadata.metadata().as_ref().and_then(|m| m.get(key)).ok_or_else(|| format!("metadata has no `{key}`"))
}

/// Whether these bytes are a file with a text under `key`.
pub(super) fn has(bytes: &[u8], key: &str) -> bool {
    open(bytes).is_ok_and(|(_, metadata)| text(&metadata, key).is_ok())
}

impl<'a> Tensors<'a> {
    /// Checks the file; also returns the JSON under `key`.
    pub(super) fn open(bytes: &'a [u8], key: &str) -> Result<(String, Self), String> {
        let (file, metadata) = open(bytes)?;
        let text = text(&metadata, key)?;
        let damaged = || format!("metadata `{key}`: its checksum does not match");
        // "checksum of the rest, checksums of the tensors as JSON, newline, JSON"
        let (crc, rest) = text.split_at_checked(8).ok_or_else(damaged)?;
        if u32::from_str_radix(crc, 16) != Ok(crc32fast::hash(rest.as_bytes())) {
            return Err(damaged());
        }
        let (sums, json) = rest.split_once('\n').ok_or_else(damaged)?;
        let sums: BTreeMap<String, u32> = serde_json::from_str(sums).map_err(|e| format!("metadata `{key}`: {e}"))?;
        let start = 8 + bounded(bytes)?;
        for name in file.names() {
            let view = file.tensor(name).map_err(|e| e.to_string())?;
            let at = metadata.info(name).map_or(0, |i| start + i.data_offsets.0);
            match sums.get(name) {
                None => return Err(format!("tensor `{name}` at byte {at} is not in the list of checksums")),
                Some(sum) if *sum != crc32fast::hash(view.data()) => return Err(format!("tensor `{name}` (bytes {at} to {}) is damaged", at + view.data().len())),
                Some(_) => {}
            }
        }
        Ok((json.to_string(), Self { file }))
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.file.tensor(name).is_ok()
    }

    fn view(&self, name: &str, dtype: Dtype) -> Result<TensorView<'a>, String> {
        let view = self.file.tensor(name).map_err(|_| format!("tensor `{name}` is missing"))?;
        if view.dtype() != dtype {
            return Err(format!("tensor `{name}` is {:?}, expected {dtype:?}", view.dtype()));
        }
        Ok(view)
    }

    /// Finite numbers of this shape.
    pub(super) fn floats(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, String> {
        let view = self.view(name, Dtype::F32)?;
        if view.shape() != shape {
            return Err(format!("tensor `{name}` is {:?}, expected {shape:?}", view.shape()));
        }
        let values: Vec<f32> = view.data().as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect();
        match values.iter().position(|v| !v.is_finite()) {
            Some(at) => Err(format!("tensor `{name}` has a non-finite value at element {at}")),
            None => Ok(values),
        }
    }

    /// Finite numbers, however many.
    pub(super) fn vector(&self, name: &str) -> Result<Vec<f32>, String> {
        let shape = self.view(name, Dtype::F32)?.shape().to_vec();
        self.floats(name, &shape)
    }

    pub(super) fn words(&self, name: &str) -> Result<Vec<u32>, String> {
        Ok(self.view(name, Dtype::U32)?.data().as_chunks::<4>().0.iter().map(|b| u32::from_le_bytes(*b)).collect())
    }

    pub(super) fn bytes(&self, name: &str) -> Result<Vec<u8>, String> {
        self.view(name, Dtype::U8).map(|view| view.data().to_vec())
    }
}

/// Puts a file together.
#[derive(Default)]
pub(super) struct Writer(Vec<(String, Dtype, Vec<usize>, Vec<u8>)>);

impl Writer {
    pub(super) fn floats(&mut self, name: String, shape: &[usize], values: &[f32]) {
        self.0.push((name, Dtype::F32, shape.to_vec(), values.iter().flat_map(|v| v.to_le_bytes()).collect()));
    }

    pub(super) fn words(&mut self, name: String, values: &[u32]) {
        self.0.push((name, Dtype::U32, vec![values.len()], values.iter().flat_map(|v| v.to_le_bytes()).collect()));
    }

    pub(super) fn bytes(&mut self, name: String, values: &[u8]) {
        self.0.push((name, Dtype::U8, vec![values.len()], values.to_vec()));
    }

    /// The file, with `json` under `key`.
    pub(super) fn finish(self, key: &str, json: &str) -> Result<Vec<u8>, String> {
        let sums: BTreeMap<&str, u32> = self.0.iter().map(|(name, _, _, data)| (name.as_str(), crc32fast::hash(data))).collect();
        let text = format!("{}\n{json}", serde_json::to_string(&sums).map_err(|e| e.to_string())?);
        let metadata = HashMap::from([(key.to_string(), format!("{:08x}{text}", crc32fast::hash(text.as_bytes())))]);
        let views = self.0.iter().map(|(name, dtype, shape, data)| TensorView::new(*dtype, shape.clone(), data).map(|view| (name, view)))
            .collect::<Result<Vec<_>, _>>().map_err(|e| e.to_string())?;
        safetensors::serialize(views, Some(metadata)).map_err(|e| e.to_string())
    }
}
