package dev.jubilee.server.config;

import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apache.kafka.common.config.SaslConfigs;
import org.apache.kafka.common.config.types.Password;
import org.apache.kafka.common.security.JaasContext;
import org.jspecify.annotations.Nullable;

/**
 * How every Kafka client of the program is let in: the settings {@code KAFKA_SASL_MECHANISM} and so
 * on, passed through as {@code sasl.mechanism} and so on.
 *
 * @param properties of Kafka's clients; empty where Kafka asks nothing of them. Secrets are {@link
 *     Password}s, which neither Kafka nor we write anywhere
 */
public record KafkaSecurity(Map<String, Object> properties) {
    private static final String PROTOCOL = "KAFKA_SECURITY_PROTOCOL";
    private static final String MECHANISM = "KAFKA_SASL_MECHANISM";
    private static final String LOGIN = "KAFKA_SASL_JAAS_CONFIG";
    private static final String HOST_NAMES = "KAFKA_SSL_ENDPOINT_IDENTIFICATION_ALGORITHM";

    private static final List<String> PROTOCOLS =
            List.of("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL");
    private static final List<String> MECHANISMS =
            List.of("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "GSSAPI");
    private static final List<String> STORE_TYPES = List.of("JKS", "PKCS12", "PEM");
    private static final String A_LOGIN =
            "a login module with its options and a semicolon, such as"
                    + " org.apache.kafka.common.security.plain.PlainLoginModule required"
                    + " username=\"…\" password=\"…\";";

    public KafkaSecurity {
        properties = Map.copyOf(properties);
    }

    /** Reads them; faults are collected by the reader, and tell no secret. */
    static KafkaSecurity from(SettingsReader in, boolean ownKafka) {
        Map<String, Object> properties = new LinkedHashMap<>();
        String protocol = oneOf(in, PROTOCOL, PROTOCOLS, properties);
        String mechanism = oneOf(in, MECHANISM, MECHANISMS, properties);
        boolean login = login(in, properties);
        boolean ssl = store(in, "KAFKA_SSL_TRUSTSTORE_", properties);
        ssl |= store(in, "KAFKA_SSL_KEYSTORE_", properties);
        ssl |= secret(in, "KAFKA_SSL_KEY_PASSWORD", properties) != null;
        String hostNames = oneOf(in, HOST_NAMES, List.of("https", "none"), properties);
        if ("none".equals(hostNames)) {
            properties.put(property(HOST_NAMES), "");
        }
        if (ownKafka && protocol != null) {
            in.fault(PROTOCOL, protocol, "none without KAFKA_BROKERS");
        }
        String chosen = protocol == null ? "PLAINTEXT" : protocol;
        if (chosen.startsWith("SASL_")) {
            require(in, MECHANISM, mechanism != null, "one of " + String.join(", ", MECHANISMS));
            require(in, LOGIN, login, A_LOGIN);
        } else if (mechanism != null || login) {
            in.fault(PROTOCOL, chosen, "SASL_SSL or SASL_PLAINTEXT where a KAFKA_SASL_ setting is");
        }
        if ((ssl || hostNames != null) && !chosen.endsWith("SSL")) {
            in.fault(PROTOCOL, chosen, "SSL or SASL_SSL where a KAFKA_SSL_ setting is");
        }
        return new KafkaSecurity(properties);
    }

    /** Whether Kafka asks who comes. */
    public boolean isSet() {
        return !properties.isEmpty();
    }

    private static String property(String setting) {
        return setting.substring("KAFKA_".length()).toLowerCase(Locale.ROOT).replace('_', '.');
    }

    private static @Nullable String oneOf(
            SettingsReader in, String name, List<String> allowed, Map<String, Object> properties) {
        String value = in.optionalText(name);
        if (value != null && !allowed.contains(value)) {
            in.fault(name, value, "one of " + String.join(", ", allowed));
        } else if (value != null) {
            properties.put(property(name), value);
        }
        return value;
    }

    private static @Nullable Password secret(
            SettingsReader in, String name, Map<String, Object> properties) {
        String value = in.optionalText(name);
        Password secret = value == null ? null : new Password(value);
        if (secret != null) {
            properties.put(property(name), secret);
        }
        return secret;
    }

    private static boolean login(SettingsReader in, Map<String, Object> properties) {
        Password login = secret(in, LOGIN, properties);
        if (login == null) {
            return false;
        }
        try {
            // As Kafka's clients read it; what they would say of a fault may quote the password.
            JaasContext.loadClientContext(Map.of(SaslConfigs.SASL_JAAS_CONFIG, login));
        } catch (RuntimeException e) {
            in.fault(LOGIN, "…", A_LOGIN);
        }
        return true;
    }

    /** A file of certificates or keys, its type and its password. */
    private static boolean store(SettingsReader in, String prefix, Map<String, Object> properties) {
        String location = in.optionalText(prefix + "LOCATION");
        Password password = secret(in, prefix + "PASSWORD", properties);
        String type = oneOf(in, prefix + "TYPE", STORE_TYPES, properties);
        if (location != null && isReadable(location)) {
            properties.put(property(prefix + "LOCATION"), location);
        } else if (location != null) {
            in.fault(prefix + "LOCATION", location, "a file that can be read");
        } else if (password != null || type != null) {
            in.fault(prefix + "LOCATION", "", "a file, where its password or type is set");
        }
        return location != null;
    }

    private static boolean isReadable(String location) {
        try {
            return Files.isRegularFile(Path.of(location)) && Files.isReadable(Path.of(location));
        } catch (InvalidPathException e) {
            return false;
        }
    }

    private static void require(SettingsReader in, String name, boolean isSet, String allowed) {
        if (!isSet) {
            in.fault(name, "", allowed + ", where " + PROTOCOL + " says SASL");
        }
    }
}
