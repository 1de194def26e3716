/**
 * A square code on a terminal, two rows of it to a line, so that an invitation's fits into 80 columns and most windows.
 * The least redundancy will do: a screen has no scratches. Black on white whatever the terminal's own colours are: many
 * readers take no inverted one.
 */
import encodeQr from "qr";

const QUIET_ZONE = 2;
const BLACK_ON_WHITE = "\u001b[38;5;16;48;5;231m";
const RESET = "\u001b[0m";

export function qrText(text: string): string {
  const rows = encodeQr(text, "raw", { ecc: "low", border: QUIET_ZONE });
  const lines: string[] = [];
  for (let y = 0; y < rows.length; y += 2) {
    const [upper = [], lower = []] = rows.slice(y, y + 2);
    lines.push(`${BLACK_ON_WHITE}${upper.map((isDark, x) => half(isDark, lower[x] === true)).join("")}${RESET}`);
  }
  return lines.join("\n");
}

function half(isUpperDark: boolean, isLowerDark: boolean): string {
  if (isUpperDark) return isLowerDark ? "█" : "▀";
  return isLowerDark ? "▄" : " ";
}
