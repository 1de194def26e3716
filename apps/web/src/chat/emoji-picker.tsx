import { useLingui } from "@lingui/react/macro";
import { useRef, type ReactElement } from "react";
import { IconButton } from "../ui/basics.tsx";

/** A choice of what people use most, by kind. The rest comes from the keyboard of the device. */
const KINDS = {
  faces:
    "😀 😃 😄 😁 😆 😅 😂 🤣 🙂 🙃 😉 😊 😇 🥰 😍 🤩 😘 😗 😚 😙 🥲 😋 😛 😜 🤪 😝 🤗 🤭 🫢 🤫 🤔 🫡 🤐 🤨 😐 😑 😶 😏 😒 🙄 😬 😮‍💨 😌 😔 😪 😴 😷 🤒 🤕 🤢 🤧 🥵 🥶 🥴 😵 🤯 🤠 🥳 😎 🤓 🧐 😕 😟 🙁 😮 😲 😳 🥺 🥹 😦 😨 😰 😥 😢 😭 😱 😖 😞 😓 😩 😫 🥱 😤 😡 🤬 😈 👻 💩 🤖",
  hands:
    "👍 👎 👌 🤌 ✌️ 🤞 🫰 🤟 🤘 🤙 👈 👉 👆 👇 ☝️ ✋ 🤚 🖐️ 🖖 👋 💪 🙏 🤝 👏 🙌 🫶 👐 🤲 ✍️ 💅 👀 🫂 🤷 🤦 🙋 🙇 💁 🙅 🙆 🏃 💃 🕺 👶 👵 👴",
  hearts:
    "❤️ 🧡 💛 💚 💙 💜 🤎 🖤 🤍 💔 ❤️‍🔥 ❤️‍🩹 💕 💞 💗 💖 💘 💝 💯 ✨ ⭐ 🌟 🔥 💥 💫 💦 🎉 🎊 🎈 🎁 🏆 🥇 ✅ ❌ ❓ ❗ ⚠️ 💤 💬 🔒 🔑",
  nature:
    "🐶 🐱 🐭 🐹 🐰 🦊 🐻 🐼 🐨 🐯 🦁 🐮 🐷 🐸 🐵 🐔 🐧 🐦 🦆 🦉 🐝 🦋 🐢 🐙 🐬 🐳 🐘 🦒 🐎 🐑 🌵 🌲 🌴 🍀 🌻 🌹 🌸 🌷 🍁 🍄 🌍 🌙 ☀️ ⛅ 🌧️ ⛈️ ❄️ 🌈 🌊",
  food: "🍎 🍐 🍊 🍋 🍌 🍉 🍇 🍓 🫐 🍒 🍑 🥭 🍍 🥥 🥝 🍅 🥑 🥦 🌽 🥕 🥔 🍞 🥐 🧀 🥚 🍳 🥞 🥓 🍔 🍟 🍕 🌮 🌯 🥙 🥗 🍝 🍜 🍣 🍱 🍙 🍦 🍰 🎂 🍪 🍫 🍿 ☕ 🍵 🥤 🍺 🍷 🥂",
  things:
    "🏠 🏢 🏫 🏥 ⛺ 🏖️ 🏔️ 🗺️ 🚗 🚕 🚌 🚲 🛴 🚂 🚄 ✈️ 🚀 🚢 ⛵ ⚽ 🏀 🎾 🏓 🎯 🎮 🎲 🎵 🎸 🎹 🎨 🎬 📷 💻 📱 ⌚ 💡 🔋 🔧 🧰 📚 📖 ✏️ 📝 📌 📎 ✂️ 📅 📈 💰 🛒 ⏰ ⏳ 🗑️",
} as const;
type Kind = keyof typeof KINDS;
const kinds = Object.keys(KINDS) as Kind[];

export default function EmojiPicker({
  onPick,
  onClose,
}: {
  readonly onPick: (emoji: string) => void;
  readonly onClose: () => void;
}): ReactElement {
  const { t } = useLingui();
  const panel = useRef<HTMLDivElement>(null);
  const names: { readonly [K in Kind]: string } = {
    faces: t`Faces`,
    hands: t`Hands and people`,
    hearts: t`Hearts and signs`,
    nature: t`Nature`,
    food: t`Food`,
    things: t`Places and things`,
  };

  const onKeyDown = (event: React.KeyboardEvent): void => {
    if (event.key === "Escape") {
      event.preventDefault();
      onClose();
      return;
    }
    const isRightToLeft = document.documentElement.dir === "rtl";
    const step = { ArrowRight: isRightToLeft ? -1 : 1, ArrowLeft: isRightToLeft ? 1 : -1, ArrowDown: 8, ArrowUp: -8 }[
      event.key
    ];
    const buttons = [...(panel.current?.querySelectorAll<HTMLElement>(".emoji") ?? [])];
    const index = buttons.indexOf(event.target as HTMLElement);
    if (step === undefined || index === -1) return;
    event.preventDefault();
    buttons[Math.max(0, Math.min(buttons.length - 1, index + step))]?.focus();
  };

  return (
    <div className="emoji-panel" ref={panel} role="group" aria-label={t`Emoji`} onKeyDown={onKeyDown}>
      <IconButton icon="close" label={t`Close`} className="emoji-close" onClick={onClose} />
      {kinds.map((kind) => (
        <section key={kind} aria-label={names[kind]}>
          <h2>{names[kind]}</h2>
          <div className="emoji-grid">
            {KINDS[kind].split(" ").map((emoji, index) => (
              <button
                key={emoji}
                type="button"
                className="emoji"
                tabIndex={index === 0 ? 0 : -1}
                onClick={() => onPick(emoji)}
              >
                {emoji}
              </button>
            ))}
          </div>
        </section>
      ))}
    </div>
  );
}
