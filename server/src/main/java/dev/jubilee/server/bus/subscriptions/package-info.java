/**
 * Subscriptions: which events each wants, and how they are delivered. The model, its rules, its
 * routes.
 */
@NullMarked
package dev.jubilee.server.bus.subscriptions;

import org.jspecify.annotations.NullMarked;
