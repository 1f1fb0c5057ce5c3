/** Real servers for tests: private ones, on ports and in folders of their own. */
@NullMarked
package dev.jubilee.events.tck.servers;

import org.jspecify.annotations.NullMarked;
