// Reads a report of `after-accept check` from standard input with a parser that we did not write, and
// prints as JSON what the parser has understood.

import { readFileSync } from 'node:fs';
import { parse } from 'junit2json';
import { Parser } from 'tap-parser';

const text = readFileSync(0, 'utf8');
switch (process.env.FORM) {
    case 'tap':
        new Parser({ strict: true }, (results) => console.log(JSON.stringify(results))).end(text);
        break;
    case 'junit':
        console.log(JSON.stringify(await parse(text)));
        break;
    default:
        throw new Error('FORM is tap or junit');
}
