/**
 * Bytes as text for the record, at most so many bytes of JSON: control characters take six bytes each there, and an
 * event has to fit into a message of the bus. What is not UTF-8 becomes replacement characters.
 */
export function recordedText(bytes: Uint8Array | string, maxBytes: number): { text: string; truncated: boolean } {
  if (typeof bytes !== 'string' && bytes.length > maxBytes) {
    // No character takes fewer bytes in JSON than it has: of a hostile MiB only what can be kept is made text at all.
    const head = recordedText(bytes.subarray(0, maxBytes), maxBytes).text;
    return { text: head.replace(/\ufffd{1,3}$/, ''), truncated: true };
  }
  const whole =
    typeof bytes === 'string' ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString();
  // No character takes more than six bytes, so most bodies need not be measured.
  if (whole.length * 6 <= maxBytes) return { text: whole, truncated: false };
  let text = whole;
  for (;;) {
    const size = Buffer.byteLength(JSON.stringify(text)) - 2;
    if (size <= maxBytes) return { text, truncated: text.length < whole.length };
    text = text.slice(0, Math.min(text.length - 1, Math.floor((text.length * maxBytes) / size)));
  }
}
