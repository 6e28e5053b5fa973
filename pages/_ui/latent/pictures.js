// Pictures that somebody brings: read with care, and made what a generator's pictures are.

const PICTURE_BYTES = 10 * 2 ** 20;
const PICTURE_PIXELS = 40e6;

/** A picture file -> an ImageBitmap, turned as its camera says. Throws an Error whose message can be shown. */
async function readPicture(file, words) {
  const megabytes = (value) => words.number(value / 2 ** 20, 1);
  if (file.size > PICTURE_BYTES) throw new Error(words.get("project.large", { size: megabytes(file.size), most: megabytes(PICTURE_BYTES) }));
  const bytes = new Uint8Array(await file.arrayBuffer());
  const known = pictureHead(bytes);
  if (!known) throw new Error(words.get("project.broken"));
  if (known.width * known.height > PICTURE_PIXELS) throw new Error(words.get("project.pixels", { width: words.number(known.width), height: words.number(known.height), most: words.number(PICTURE_PIXELS / 1e6) }));
  try {
    return await createImageBitmap(new Blob([bytes], { type: known.type }), { imageOrientation: "from-image" });
  } catch {
    throw new Error(words.get("project.broken"));
  }
}

/** The kind and the size of a PNG, GIF, JPEG or WebP file by its first bytes, so that a huge one is never unpacked; null for anything else. */
function pictureHead(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = (from, to) => String.fromCharCode(...bytes.subarray(from, to));
  const found = (type, width, height) => (width > 0 && height > 0 ? { type, width, height } : null);
  if (bytes.length < 30) return null;
  if (bytes[0] === 0x89 && text(1, 4) === "PNG" && text(12, 16) === "IHDR") return found("image/png", view.getUint32(16), view.getUint32(20));
  if (text(0, 4) === "GIF8") return found("image/gif", view.getUint16(6, true), view.getUint16(8, true));
  if (text(0, 4) === "RIFF" && text(8, 12) === "WEBP") {
    const kind = text(12, 16);
    const three = (at) => 1 + (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16));
    if (kind === "VP8X") return found("image/webp", three(24), three(27));
    if (kind === "VP8L") return found("image/webp", 1 + (view.getUint32(21, true) & 0x3fff), 1 + ((view.getUint32(21, true) >>> 14) & 0x3fff));
    return found("image/webp", view.getUint16(26, true) & 0x3fff, view.getUint16(28, true) & 0x3fff);
  }
  if (bytes[0] !== 0xff || bytes[1] !== 0xd8) return null;
  for (let at = 2; at + 9 < bytes.length;) {
    if (bytes[at] !== 0xff) return null;
    const marker = bytes[at + 1];
    if (marker === 0xff) at += 1; // padding
    else if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) return found("image/jpeg", view.getUint16(at + 7), view.getUint16(at + 5));
    else at += 2 + view.getUint16(at + 2);
  }
  return null;
}

/** A picture in a square of `size` pixels: all of it between bars, or its middle. Halved step by step, so that fine lines stay grey and do not vanish. */
function inSquare(source, way, size, invert) {
  const { width, height } = source;
  let side = size;
  while (side * 2 <= Math.min(1024, Math.max(width, height))) side *= 2;
  let canvas = canvasOf(side, side);
  const context = canvas.getContext("2d");
  context.fillStyle = invert ? "#ffffff" : "#000000"; // black in the end
  context.fillRect(0, 0, side, side);
  const factor = (way === "crop" ? Math.max : Math.min)(side / width, side / height);
  context.imageSmoothingQuality = "high";
  context.drawImage(source, (side - width * factor) / 2, (side - height * factor) / 2, width * factor, height * factor);
  for (; side > size; side /= 2) {
    const half = canvasOf(side / 2, side / 2);
    half.getContext("2d").drawImage(canvas, 0, 0, side / 2, side / 2);
    canvas = half;
  }
  return canvas;
}

/** A canvas of the model's size as the server takes it: channel by channel; grey by brightness (ITU-R BT.601). */
function bytesOf(canvas, [channels, height, width], invert) {
  const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
  const plane = width * height;
  const bytes = new Uint8Array(channels * plane);
  for (let i = 0; i < plane; i += 1) {
    const [r, g, b] = data.subarray(4 * i, 4 * i + 3);
    for (let c = 0; c < channels; c += 1) {
      const value = channels === 1 ? Math.round(0.299 * r + 0.587 * g + 0.114 * b) : data[4 * i + c];
      bytes[c * plane + i] = invert ? 255 - value : value;
    }
  }
  return bytes;
}

/** Uint8Array -> base64. */
function encodeBytes(bytes) {
  let text = "";
  for (let i = 0; i < bytes.length; i += 4096) text += String.fromCharCode(...bytes.subarray(i, i + 4096));
  return btoa(text);
}
