package dev.jubilee.server.config;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.dataformat.yaml.YAMLMapper;

/**
 * Reads {@code event-config.yaml} as settings by the names of their environment variables. A key is
 * the setting that has its section before its name, else the one that has its name alone: {@code
 * server.port} is {@code SERVER_PORT}, {@code event_settings.max_events} is {@code MAX_EVENTS}.
 */
public final class ConfigFile {
    private static final String NAME = "event-config.yaml";

    private ConfigFile() {}

    /**
     * Settings of the environment over those of the file.
     *
     * @param option the file named on the command line; null looks at {@code JUBILEE_CONFIG}, then
     *     into the folder
     * @param known every setting's name
     * @throws InvalidSettingsException when a file that was named is not there, or a file is not
     *     readable as settings, or names what is no setting
     */
    public static Map<String, String> over(
            Map<String, String> environment,
            @Nullable Path option,
            Path folder,
            Set<String> known) {
        Path file = locate(environment, option, folder);
        KnownNames names = new KnownNames(known);
        Map<String, String> merged = new TreeMap<>(file == null ? Map.of() : read(file, names));
        tell("the environment", environment.keySet(), names);
        environment.forEach((name, value) -> {
            // An empty value counts as not set, so it hides nothing.
            if (!value.isBlank()) {
                merged.put(name, value);
            }
        });
        return merged;
    }

    private static @Nullable Path locate(
            Map<String, String> environment, @Nullable Path option, Path folder) {
        String named = environment.get("JUBILEE_CONFIG");
        if (option != null) {
            return option;
        }
        if (named != null && !named.isBlank()) {
            return Path.of(named);
        }
        Path found = folder.resolve(NAME);
        return Files.exists(found) ? found : null;
    }

    private static Map<String, String> read(Path file, KnownNames known) {
        JsonNode root;
        try {
            root = new YAMLMapper().readTree(Files.readString(file));
        } catch (IOException e) {
            throw new InvalidSettingsException(
                    List.of("the configuration file " + file + " cannot be read"));
        } catch (JacksonException e) {
            throw new InvalidSettingsException(
                    List.of(
                            "the configuration file "
                                    + file
                                    + " is not YAML: "
                                    + e.getOriginalMessage()));
        }
        if (!root.isObject() && !root.isMissingNode() && !root.isNull()) {
            throw new InvalidSettingsException(
                    List.of(
                            "the configuration file "
                                    + file
                                    + " must hold sections such as \"server:\", with their settings below"));
        }
        Map<String, String> settings = new LinkedHashMap<>();
        List<String> faults = new ArrayList<>();
        for (var section : root.properties()) {
            if (section.getValue().isObject()) {
                String name = section.getKey();
                Map<String, String> given = new LinkedHashMap<>();
                flatten("", section.getValue(), given, faults);
                given.forEach((key, value) ->
                        put(nameOf(name, key, known, faults), value, settings, faults));
            } else {
                faults.add(file + ": \"" + section.getKey() + "\" must be a section of settings");
            }
        }
        if (!faults.isEmpty()) {
            throw new InvalidSettingsException(faults);
        }
        tell(file, settings.keySet(), known);
        return settings;
    }

    private static void tell(Object where, Set<String> given, KnownNames known) {
        List<String> withoutEffect =
                given.stream().filter(known::isWithoutEffect).sorted().toList();
        if (!withoutEffect.isEmpty()) {
            // No logger before there is something to say: it makes the folder of the logs, and a
            // start that is refused leaves nothing behind.
            LoggerFactory.getLogger(ConfigFile.class)
                    .warn("what {} says of {} has no effect in this version", where, withoutEffect);
        }
    }

    private static void flatten(
            String prefix, JsonNode section, Map<String, String> settings, List<String> faults) {
        for (var entry : section.properties()) {
            JsonNode value = entry.getValue();
            String name = prefix + entry.getKey();
            if (value.isObject()) {
                flatten(name + "_", value, settings, faults);
            } else {
                put(name.toUpperCase(Locale.ROOT), text(value), settings, faults);
            }
        }
    }

    /** The setting that the key of a section is. */
    private static String nameOf(
            String section, String key, KnownNames known, List<String> faults) {
        String whole = section.toUpperCase(Locale.ROOT) + "_" + key;
        if (known.contains(whole)) {
            return whole;
        }
        if (!known.contains(key)) {
            faults.add(
                    key
                            + ", in section \""
                            + section
                            + "\" of the configuration file, is no setting; the nearest is "
                            + known.nearest(List.of(key, whole)));
        }
        return key;
    }

    private static String text(JsonNode value) {
        if (!value.isArray()) {
            return value.asString();
        }
        List<String> entries = new ArrayList<>();
        value.forEach(entry -> entries.add(entry.asString()));
        return String.join(",", entries);
    }

    /** A name may stand in two sections, but not with two values. */
    private static void put(
            String name, String value, Map<String, String> settings, List<String> faults) {
        String before = settings.putIfAbsent(name, value);
        if (before != null && !before.equals(value)) {
            faults.add(
                    name
                            + " is given twice, as \""
                            + before
                            + "\" and as \""
                            + value
                            + "\"; give it once");
        }
    }
}
