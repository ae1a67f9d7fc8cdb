/** What stands in place of a sealed value wherever it is read; sent back, it means "as it is". */
export const MASK = '********';
