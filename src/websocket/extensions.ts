/**
 * The field `Sec-WebSocket-Extensions`.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6455#section-9.1 | RFC 6455 §9.1}
 * @module
 */

/** An extension that is offered or agreed on. */
export interface Extension {
  /** Its name, e.g. `"permessage-deflate"`. */
  readonly name: string;
  /** Its parameters in their order, repeated ones too; `null` stands for no value. */
  readonly parameters: readonly (readonly [name: string, value: string | null])[];
}

/** One token of the grammar or one mark, with the white space around it; quoted values are tokens in quotes. */
const PIECE = /[ \t]*(?:([!#$%&'*+\-.^_`|~0-9A-Za-z]+)|"((?:[^"\\]|\\.)*)"|([,;=]))[ \t]*/y;

/** What a quoted value has to be once it is unquoted. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** A token, a value in quotes, or one of the marks `,` `;` `=`. */
interface Piece {
  readonly kind: "token" | "quoted" | "mark" | "end";
  readonly text: string;
}

/**
 * Reads the value of the field; several field lines are one list (RFC 9110 §5.3).
 *
 * @returns Extensions in the order of preference; `null` when it is not well formed, for which the handshake has to
 * fail (RFC 6455 §9.1).
 */
export function parseExtensions(value: string): Extension[] | null {
  const pieces = readPieces(value);
  return pieces && readList(pieces);
}

function readPieces(value: string): Piece[] | null {
  const pieces: Piece[] = [];
  PIECE.lastIndex = 0;
  for (let at = 0; at < value.length; at = PIECE.lastIndex) {
    const match = PIECE.exec(value);
    if (match === null) return null;
    const [, token, quoted, mark] = match;
    if (token !== undefined) pieces.push({ kind: "token", text: token });
    else if (mark !== undefined) pieces.push({ kind: "mark", text: mark });
    else pieces.push({ kind: "quoted", text: quoted!.replaceAll(/\\(.)/g, "$1") });
  }
  pieces.push({ kind: "end", text: "" });
  return pieces;
}

/** `extension *( "," extension )`, in which members may be empty as in every list (RFC 9110 §5.6.1). */
function readList(pieces: readonly Piece[]): Extension[] | null {
  const extensions: Extension[] = [];
  for (let at = 0; pieces[at]!.kind !== "end";) {
    if (isMark(pieces[at]!, ",")) {
      at++;
      continue;
    }
    if (pieces[at]!.kind !== "token") return null;
    const name = pieces[at++]!.text;
    const parameters: [string, string | null][] = [];
    while (isMark(pieces[at]!, ";")) {
      const parameter = readParameter(pieces, at + 1);
      if (parameter === null) return null;
      parameters.push([parameter.name, parameter.value]);
      at = parameter.end;
    }
    if (!isMark(pieces[at]!, ",") && pieces[at]!.kind !== "end") return null;
    extensions.push({ name, parameters });
  }
  return extensions;
}

/** `token [ "=" ( token | quoted-string ) ]`. */
function readParameter(
  pieces: readonly Piece[],
  at: number,
): { name: string; value: string | null; end: number } | null {
  const { kind, text: name } = pieces[at]!;
  if (kind !== "token") return null;
  if (!isMark(pieces[at + 1]!, "=")) return { name, value: null, end: at + 1 };
  const value = pieces[at + 2]!;
  const isValue = value.kind === "token" || value.kind === "quoted" && TOKEN.test(value.text);
  return isValue ? { name, value: value.text, end: at + 3 } : null;
}

function isMark({ kind, text }: Piece, mark: string): boolean {
  return kind === "mark" && text === mark;
}
