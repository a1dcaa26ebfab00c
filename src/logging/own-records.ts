/** What the log says of itself. */
import type { LogRecord } from './record.js';

export function recordsDropped(records: number, output: string): LogRecord {
  const text = `${records === 1 ? '1 record' : `${records} records`} left out: ${output} did not take them`;
  return {
    time: Date.now(),
    level: 'warning',
    type: 'recordsDropped',
    text,
    fields: { records, output },
  };
}

export function outputTrouble(output: string, { message }: Error): LogRecord {
  const text = `${output}: ${message}; records wait for it, the oldest are left out if they become too many`;
  return { time: Date.now(), level: 'warning', type: 'outputTrouble', text, fields: { output, message } };
}

export function outputBack(output: string): LogRecord {
  return {
    time: Date.now(),
    level: 'notice',
    type: 'outputBack',
    text: `${output}: works again`,
    fields: { output },
  };
}
