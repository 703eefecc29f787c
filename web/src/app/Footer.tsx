import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { LANGUAGES, type Language, setLanguage } from '../i18n'
import { setThemeChoice, type ThemeChoice, useThemeChoice } from '../theme/theme'
import { Select } from '../ui/Field'
import styles from './Shell.module.css'

const LANGUAGE_NAMES: Record<Language, string> = { en: 'English', de: 'Deutsch' }

export function Footer() {
  const { t, i18n } = useTranslation()
  const theme = useThemeChoice()
  return (
    <footer className={styles.footer}>
      <div className={styles.foot}>
        <nav aria-label={t('nav.footer')}>
          <Link to="/">{t('nav.discover')}</Link>
          <Link to="/tickets">{t('nav.tickets')}</Link>
          <Link to="/organizer">{t('nav.organizer')}</Link>
          <Link to="/door">{t('nav.door')}</Link>
        </nav>
        <div className={styles.choices}>
          <Select
            label={t('nav.language')}
            value={i18n.language}
            onChange={(event) => setLanguage(event.target.value as Language)}
          >
            {LANGUAGES.map((language) => (
              <option key={language} value={language} lang={language}>
                {LANGUAGE_NAMES[language]}
              </option>
            ))}
          </Select>
          <Select
            label={t('nav.theme')}
            value={theme}
            onChange={(event) => setThemeChoice(event.target.value as ThemeChoice)}
          >
            <option value="system">{t('nav.themeSystem')}</option>
            <option value="light">{t('nav.themeLight')}</option>
            <option value="dark">{t('nav.themeDark')}</option>
          </Select>
        </div>
      </div>
    </footer>
  )
}
