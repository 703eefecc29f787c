import type { EventType } from '../../api/types'
import type { SceneProps } from './EventArt'
import { between } from './random'

const count = (n: number) => Array.from({ length: n }, (_, index) => index)
const at = (n: number) => n.toFixed(1)

/** Beams from the rig, haze, and the heads of a crowd. */
function Concert({ random, gels, beam, spot }: SceneProps) {
  const lamps = 5 + Math.floor(random() * 3)
  const heads = count(26).map((index) => ({
    x: index * 17 - 10 + between(random, -4, 4),
    y: between(random, 352, 382),
    r: between(random, 13, 20),
  }))
  return (
    <>
      <circle cx={at(between(random, 120, 280))} cy="250" r="190" fill={spot} opacity=".7" />
      {count(lamps).map((index) => {
        const x = ((index + 0.5) * 400) / lamps
        const lean = between(random, -150, 150)
        const wide = between(random, 34, 80)
        return (
          <path
            key={index}
            d={`M${at(x - 4)} 0L${at(x + 4)} 0L${at(x + lean + wide)} 400L${at(x + lean - wide)} 400z`}
            fill={beam}
            opacity=".5"
          />
        )
      })}
      <g fill={gels.night}>
        {heads.map((head) => (
          <circle key={head.x} cx={at(head.x)} cy={at(head.y)} r={at(head.r)} />
        ))}
        <rect y="376" width="400" height="30" />
      </g>
    </>
  )
}

/** A bowl under floodlights, its pitch lit. */
function Sport({ random, gels, beam, spot }: SceneProps) {
  const tilt = between(random, -6, 6)
  return (
    <>
      {[60, 340].map((x) => (
        <g key={x}>
          <circle cx={x} cy="60" r="120" fill={spot} opacity=".8" />
          <path
            d={`M${x - 8} 60h16L${x < 200 ? 330 : 200} 360L${x < 200 ? 200 : 70} 360z`}
            fill={beam}
            opacity=".3"
          />
        </g>
      ))}
      <g transform={`rotate(${at(tilt)} 200 270)`} fill="none" stroke={gels.lamp}>
        {count(7).map((ring) => (
          <ellipse
            key={ring}
            cx="200"
            cy="262"
            rx={240 - ring * 15}
            ry={128 - ring * 9}
            strokeWidth="5"
            strokeDasharray={`${at(between(random, 2, 6))} ${at(between(random, 3, 7))}`}
            opacity={0.22 + ring * 0.05}
          />
        ))}
        <ellipse cx="200" cy="266" rx="130" ry="62" fill={gels.mid} stroke="none" />
        <path d="M200 204v124M112 248v36h26v-36zM288 248v36h-26v-36z" strokeWidth="3" />
        <ellipse cx="200" cy="266" rx="26" ry="14" strokeWidth="3" />
      </g>
    </>
  )
}

/** A curtain just parting, and what shines behind it. */
function Theatre({ random, gels, spot }: SceneProps) {
  const gap = between(random, 60, 110)
  const middle = between(random, 180, 220)
  const folds = 7
  const drape = (side: -1 | 1) =>
    count(folds).map((fold) => {
      const edge = side < 0 ? 0 : 400
      const reach = middle + side * gap
      const wide = Math.abs(reach - edge) / folds
      const x = edge - side * fold * wide
      const sway = side * between(random, 18, 46) * (fold / folds)
      return (
        <path
          key={`${side}${fold}`}
          d={`M${at(x)} 0h${at(-side * wide)}C${at(x - side * wide)} 160 ${at(x - side * wide + sway)} 260 ${at(x - side * wide + sway * 1.6)} 372H${at(x + sway * 1.4)}C${at(x + sway)} 260 ${at(x)} 160 ${at(x)} 0z`}
          fill={fold % 2 === 0 ? gels.mid : gels.deep}
        />
      )
    })
  return (
    <>
      <rect width="400" height="400" fill={gels.night} />
      <circle cx={at(middle)} cy="215" r="185" fill={spot} />
      <circle cx={at(middle)} cy="206" r="58" fill={gels.lamp} opacity=".92" />
      <path d={`M${at(middle - 30)} 372L${at(middle)} 236L${at(middle + 30)} 372z`} fill={gels.night} />
      <circle cx={at(middle)} cy="228" r="17" fill={gels.night} />
      {drape(-1)}
      {drape(1)}
      <path
        d="M0 0h400v34q-20 26-40 0q-20 26-40 0q-20 26-40 0q-20 26-40 0q-20 26-40 0q-20 26-40 0q-20 26-40 0q-20 26-40 0q-20 26-40 0q-20 26-40 0z"
        fill={gels.deep}
      />
      <path d="M0 372h400v28H0z" fill={gels.night} />
      <path d="M0 372h400v4H0z" fill={gels.lamp} opacity=".6" />
    </>
  )
}

/** One lamp, one microphone, nowhere to hide. */
function Comedy({ random, gels }: SceneProps) {
  const x = between(random, 120, 280)
  const lean = random() < 0.5 ? -1 : 1
  return (
    <>
      {count(9).map((row) =>
        count(6).map((brick) => (
          <rect
            key={`${row}-${brick}`}
            x={brick * 82 - (row % 2) * 41}
            y={row * 46}
            width="76"
            height="40"
            rx="3"
            fill={gels.deep}
            opacity={at(between(random, 0.25, 0.8))}
          />
        )),
      )}
      <circle cx={at(x)} cy="196" r={at(between(random, 120, 165))} fill={gels.lamp} opacity=".94" />
      <g stroke={gels.night} strokeLinecap="round">
        <path d={`M${at(x)} 196V400`} strokeWidth="9" />
        <path d={`M${at(x)} 200l${at(lean * 24)} -58`} strokeWidth="24" />
      </g>
      <circle cx={at(x + lean * 26)} cy="128" r="27" fill={gels.mid} stroke={gels.night} strokeWidth="7" />
      <ellipse cx={at(x)} cy="398" rx="70" ry="12" fill={gels.night} />
    </>
  )
}

/** A low sun, hills, and flags over the field. */
function Festival({ random, gels }: SceneProps) {
  const x = between(random, 110, 290)
  const rays = 18
  return (
    <>
      {count(rays).map((ray) => {
        const turn = (ray * 360) / rays
        return (
          <path
            key={ray}
            d={`M${at(x)} 250L${at(x - 22)} -200L${at(x + 22)} -200z`}
            fill={gels.glow}
            opacity={ray % 2 ? 0.1 : 0.28}
            transform={`rotate(${at(turn)} ${at(x)} 250)`}
          />
        )
      })}
      <circle cx={at(x)} cy="250" r="86" fill={gels.lamp} />
      {count(3).map((hill) => {
        const top = 262 + hill * 42
        const bend = between(random, -40, 40)
        return (
          <path
            key={hill}
            d={`M0 ${top}Q100 ${at(top - 50 + bend)} 200 ${top}T400 ${top}V400H0z`}
            fill={[gels.mid, gels.deep, gels.night][hill]}
          />
        )
      })}
      <path d="M-10 40Q200 130 410 30" fill="none" stroke={gels.night} strokeWidth="3" />
      {count(11).map((flag) => {
        const t = (flag + 0.5) / 11
        const fx = -10 + 420 * t
        const fy = 40 * (1 - t) ** 2 + 260 * t * (1 - t) + 30 * t ** 2
        return (
          <path
            key={flag}
            d={`M${at(fx - 14)} ${at(fy)}h28l-14 34z`}
            fill={flag % 2 ? gels.lamp : gels.mid}
          />
        )
      })}
    </>
  )
}

/** Folded paper: a whale, waves and stars. */
function Family({ random, gels }: SceneProps) {
  const y = between(random, 190, 226)
  return (
    <>
      {count(16).map((star) => {
        const [sx, sy, size] = [between(random, 10, 390), between(random, 10, 170), between(random, 3, 8)]
        return (
          <path
            key={star}
            d={`M${at(sx)} ${at(sy - size)}l${at(size * 0.3)} ${at(size * 0.7)} ${at(size * 0.7)} ${at(size * 0.3)} ${at(-size * 0.7)} ${at(size * 0.3)} ${at(-size * 0.3)} ${at(size * 0.7)} ${at(-size * 0.3)} ${at(-size * 0.7)} ${at(-size * 0.7)} ${at(-size * 0.3)} ${at(size * 0.7)} ${at(-size * 0.3)}z`}
            fill={gels.lamp}
          />
        )
      })}
      <circle cx={at(between(random, 280, 340))} cy="76" r="40" fill={gels.lamp} />
      <g transform={`translate(0 ${at(y - 210)})`}>
        <path d="M70 210L150 150L300 170L330 230L250 280L120 270z" fill={gels.glow} />
        <path d="M70 210L150 150L190 215z" fill={gels.lamp} opacity=".9" />
        <path d="M190 215L300 170L330 230z" fill={gels.mid} />
        <path d="M70 210L190 215L120 270z" fill={gels.mid} opacity=".8" />
        <path d="M330 230L372 170L386 214zM330 230L396 240L366 270z" fill={gels.lamp} opacity=".85" />
        <circle cx="118" cy="208" r="6" fill={gels.night} />
      </g>
      {count(3).map((wave) => (
        <path
          key={wave}
          d={`M${-30 - wave * 20} ${272 + wave * 40}${'l40 -22 40 22'.repeat(6)}V400H-60z`}
          fill={[gels.mid, gels.deep, gels.night][wave]}
          opacity=".96"
        />
      ))}
    </>
  )
}

/** A door ajar. */
function Other({ random, gels, spot }: SceneProps) {
  const x = between(random, 130, 200)
  return (
    <>
      <circle cx={at(x + 60)} cy="220" r="200" fill={spot} opacity=".8" />
      <path d={`M${at(x)} 90h120v230h-120z`} fill={gels.lamp} />
      <path d={`M${at(x)} 320h120l80 80h-260z`} fill={gels.glow} opacity=".55" />
      <path d={`M${at(x)} 90l54 26v240l-54 -36z`} fill={gels.night} />
    </>
  )
}

export const SCENES: Record<EventType, (props: SceneProps) => React.ReactNode> = {
  concert: Concert,
  sport: Sport,
  theatre: Theatre,
  comedy: Comedy,
  festival: Festival,
  family: Family,
  other: Other,
}
