@NullMarked
package dev.jubilee.server.liveops.closing;

import org.jspecify.annotations.NullMarked;
