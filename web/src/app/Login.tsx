// Who are you? Shown in place of a view when the server wants to know, with the ways that it offers.

import type { ComponentChildren } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { ApiError, address } from '../api/http'
import { identity } from '../api/identity'
import { beginSession, findIdentity, loginWays, type Way } from '../api/login'
import { Failure } from '../parts/Empty'
import { useLoaded } from '../parts/useLoaded'

export function Login() {
  const ways = useLoaded(loginWays, [])
  const offers = (way: Way) => ways.value?.includes(way) ?? false
  useEffect(() => {
    // Whoever comes back to this tab may have logged in at another.
    const look = async () => {
      await findIdentity()
      if (identity.value) location.reload()
    }
    addEventListener('focus', look)
    return () => removeEventListener('focus', look)
  }, [])
  return (
    <main id="main" class="login">
      <h1>Log in</h1>
      {ways.error && <Failure message={ways.error.message} />}
      {offers('oidc') && (
        <a
          class="button primary"
          href={address('login', { next: location.pathname + location.search + location.hash }).href}
        >
          Log in at your provider
        </a>
      )}
      {offers('basic') && <PasswordForm />}
      {offers('token') && <TokenForm />}
      {offers('certificate') && (
        <p class="hint">This server also takes a client certificate, which the browser would have to send by itself.</p>
      )}
    </main>
  )
}

function PasswordForm() {
  const [user, setUser] = useState('')
  const [password, setPassword] = useState('')
  return (
    <SessionForm authorization={() => `Basic ${base64(`${user}:${password}`)}`} action="Log in">
      <label>
        User
        <input value={user} autocomplete="username" required onInput={event => setUser(event.currentTarget.value)} />
      </label>
      <label>
        Password
        <input
          type="password"
          value={password}
          autocomplete="current-password"
          required
          onInput={event => setPassword(event.currentTarget.value)}
        />
      </label>
    </SessionForm>
  )
}

function TokenForm() {
  const [token, setToken] = useState('')
  return (
    <SessionForm authorization={() => `Bearer ${token.trim()}`} action="Use the token">
      <label>
        Token
        <input
          type="password"
          value={token}
          autocomplete="off"
          placeholder="sigyn_…"
          required
          onInput={event => setToken(event.currentTarget.value)}
        />
      </label>
    </SessionForm>
  )
}

interface FormProperties {
  authorization: () => string
  action: string
  children: ComponentChildren
}

function SessionForm({ authorization, action, children }: FormProperties) {
  const [error, setError] = useState('')
  const submit = async (event: Event) => {
    event.preventDefault()
    try {
      await beginSession(authorization())
      location.reload() // so that nothing of what was shown before stays
    } catch (failure) {
      setError(failure instanceof ApiError ? failure.message : String(failure))
    }
  }
  return (
    <form class="stacked-form" onSubmit={submit}>
      {children}
      {error && <Failure message={error} />}
      <button type="submit" class="button primary">
        {action}
      </button>
    </form>
  )
}

/** Of the text's UTF-8, which is what the server reads. */
function base64(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)))
}
