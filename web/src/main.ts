// SPDX-License-Identifier: Apache-2.0
import './lib/arrival.svelte';
import './styles/tokens.css';
import './styles/base.css';
import './styles/controls.css';
import './styles/layout.css';
import { mount } from 'svelte';
import App from './App.svelte';

mount(App, { target: document.getElementById('console')! });
