// The three signals of the frame, and the views around them. A signal is a view with a time range and links to the others.

import type { ComponentType } from 'preact'
import { ExploreView } from '../explore/ExploreView'
import type { IconName } from '../parts/Icon'

export interface View {
  id: string
  name: string
  icon: IconName
  /** loaded when it is shown first; logs are there at once */
  load: () => Promise<ComponentType> | ComponentType
}

export const VIEWS: readonly View[] = [
  { id: 'logs', name: 'Logs', icon: 'logs', load: () => ExploreView },
  {
    id: 'metrics',
    name: 'Metrics',
    icon: 'metrics',
    load: () => import('../signals/MetricsView').then(module => module.MetricsView),
  },
  {
    id: 'traces',
    name: 'Traces',
    icon: 'traces',
    load: () => import('../signals/TracesView').then(module => module.TracesView),
  },
  {
    id: 'dashboards',
    name: 'Dashboards',
    icon: 'dashboards',
    load: () => import('../dashboards/DashboardsView').then(module => module.DashboardsView),
  },
  {
    id: 'alerts',
    name: 'Alerts',
    icon: 'alerts',
    load: () => import('../alerts/AlertsView').then(module => module.AlertsView),
  },
  {
    id: 'store',
    name: 'Store',
    icon: 'store',
    load: () => import('../store/StoreView').then(module => module.StoreView),
  },
]
