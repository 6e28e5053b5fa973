// Frames: one binary blob with a JSON header; the arrays are views on the blob, never copies.

const DTYPES = { f4: Float32Array, u1: Uint8Array };

/** ArrayBuffer -> {header, arrays, bytes}. Throws on a blob that is not a frame. */
function parseFrame(buffer) {
  const magic = String.fromCharCode(...new Uint8Array(buffer, 0, 4));
  if (magic !== "GPF1") throw new Error("not a frame");
  const length = new DataView(buffer).getUint32(4, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 8, length)));
  const arrays = {};
  for (const [name, spec] of Object.entries(header.arrays || {})) {
    const count = spec.shape.reduce((product, n) => product * n, 1);
    arrays[name] = new DTYPES[spec.dtype](buffer, spec.offset, count);
  }
  return { header, arrays, bytes: buffer.byteLength };
}

/** Base64 text -> ArrayBuffer (a preview frame travels inside the component's JSON). */
function decodeBase64(text) {
  const raw = atob(text);
  const bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i += 1) bytes[i] = raw.charCodeAt(i);
  return bytes.buffer;
}

function sameBytes(a, b) {
  if (!a || !b || a.length !== b.length) return false;
  for (let i = 0; i < a.length; i += 1) if (a[i] !== b[i]) return false;
  return true;
}
