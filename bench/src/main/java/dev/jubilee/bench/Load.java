package dev.jubilee.bench;

import java.net.URI;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What is to be sent: the settings of {@code load.lua}.
 *
 * @param target scheme, host and port
 */
public record Load(URI target, Map<String, String> settings) {
    public Load {
        settings = Map.copyOf(settings);
    }

    private static Load of(URI target, String mode, String path, String token) {
        Map<String, String> settings = new LinkedHashMap<>();
        settings.put("mode", mode);
        settings.put("path", path);
        settings.put("token", token);
        settings.put("method", "POST");
        return new Load(target, settings);
    }

    /** The same body each time. */
    public static Load same(URI target, String path, String token, Path body) {
        return of(target, "same", path, token).with("body", body.toString());
    }

    /** A body a line of the file, over and over. */
    public static Load bodies(URI target, String path, String token, Path lines) {
        return of(target, "bodies", path, token).with("lines", lines.toString());
    }

    /** A batch of the file's lines, each event with an id that begins with the name of the run. */
    public static Load named(URI target, String path, String token, Path lines, String run) {
        return of(target, "named", path, token).with("lines", lines.toString()).with("run", run);
    }

    /** A path and a token a line, each line once. */
    public static Load once(URI target, Path lines, Path body) {
        return of(target, "once", "/", "")
                .with("lines", lines.toString())
                .with("body", body.toString());
    }

    /** GETs of the file's paths, over and over. */
    public static Load paths(URI target, String token, Path lines) {
        return of(target, "paths", "/", token).with("lines", lines.toString());
    }

    /** Tokens for so many players, which go to a file. */
    public static Load mint(URI target, String token, int count, Path out, String run) {
        return of(target, "mint", "/tokens", token)
                .with("count", Integer.toString(count))
                .with("out", out.toString())
                .with("run", run);
    }

    /** The same load with one setting more. */
    public Load with(String name, String value) {
        Map<String, String> more = new LinkedHashMap<>(settings);
        more.put(name, value);
        return new Load(target, more);
    }

    List<String> arguments() {
        return settings.entrySet().stream().map(e -> e.getKey() + "=" + e.getValue()).toList();
    }
}
