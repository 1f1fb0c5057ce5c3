/** How the tools reach a platform: over its public HTTP API, as any client does. */
@NullMarked
package dev.jubilee.bench.client;

import org.jspecify.annotations.NullMarked;
