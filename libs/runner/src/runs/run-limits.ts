/** Bytes of one request or of one emitted event's data. A larger output of a step is stored beside the events. */
export const MAX_OUTPUT_BYTES = 262_144;
/** Bytes of an answer that an http step reads as JSON or text, characters of what code gives. */
export const MAX_ANSWER_BYTES = 1_048_576;
/** Bytes of what a run's steps have put out and later steps can read. */
export const MAX_TOTAL_BYTES = 1_048_576;
/** Bytes of a rendered response. */
export const MAX_RESPONSE_BYTES = 1_048_576;
/** A step whose attempts keep ending with the process that made them (no outcome recorded) is given up after so many. */
export const MAX_CUT_SHORT = 10;
/** Effects of one run that are performed at once; further ones wait for these. */
export const MAX_IN_FLIGHT = 50;
/** Turns of computing that a run may take before it waits for something or ends; each is about 10 ms. */
export const MAX_SLICES = 500;
/** Bytes of all that the steps of a run have put out in its events, also in loops whose steps are not kept in memory. */
export const MAX_WRITTEN_BYTES = 16_777_216;
/** Bytes of what a step makes or a loop collects. */
export const MAX_COLLECTED_BYTES = 4_194_304;
/** Bytes of all outputs of a run that are stored beside its events. */
export const MAX_STORED_BYTES = 8_388_608;
