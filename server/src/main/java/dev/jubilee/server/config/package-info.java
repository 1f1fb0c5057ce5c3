/**
 * Settings: environment over file over default, checked at start with every fault listed at once.
 */
@NullMarked
package dev.jubilee.server.config;

import org.jspecify.annotations.NullMarked;
