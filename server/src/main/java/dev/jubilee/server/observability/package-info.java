/** Metrics for Prometheus, and whether the platform is alive and ready. */
@NullMarked
package dev.jubilee.server.observability;

import org.jspecify.annotations.NullMarked;
