/** Who wants which events, and how they are brought: the model, its rules, its routes. */
@NullMarked
package dev.jubilee.server.bus.subscriptions;

import org.jspecify.annotations.NullMarked;
