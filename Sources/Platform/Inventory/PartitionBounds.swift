// SPDX-License-Identifier: Apache-2.0

/// Tells the partitions that come and go from those that deserve a look.
enum PartitionBounds {
    /// Partitions by range as they should be are left out. Of the others the facts say what is the matter; partitions
    /// by list or hash, which belong to the schema, stay with their bounds.
    static func remarkable(_ partitions: [SchemaObject]) -> [SchemaObject] {
        var edges: [String: Set<String>] = [:]
        for partition in partitions {
            guard let upper = range(partition)?.upper else { continue }
            edges[parent(partition), default: []].insert(upper)
        }
        let first = Dictionary(
            partitions.compactMap { partition in range(partition).map { (parent(partition), $0.lower) } },
            uniquingKeysWith: min)
        return partitions.compactMap { partition in
            var facts = partition.facts
            guard facts.removeValue(forKey: "strategy") == "r" else { return partition.with(facts: facts) }
            if let lower = range(partition)?.lower {
                let isNext = edges[parent(partition)]?.contains(lower) == true || first[parent(partition)] == lower
                if isNext { facts["bound"] = nil } else { facts["gap"] = "before its lower bound" }
            }
            return facts.isEmpty ? nil : partition.with(facts: facts)
        }
    }

    private static func parent(_ partition: SchemaObject) -> String {
        "\(partition.schema).\(partition.table ?? "")"
    }

    /// The two ends of `FOR VALUES FROM (…) TO (…)`; nil for DEFAULT and for a bound without an end.
    private static func range(_ partition: SchemaObject) -> (lower: String, upper: String)? {
        guard let bound = partition["bound"], bound.hasPrefix("FOR VALUES FROM "), !bound.contains("MINVALUE"),
            !bound.contains("MAXVALUE")
        else { return nil }
        let ends = bound.dropFirst("FOR VALUES FROM ".count).split(separator: " TO ", maxSplits: 1)
        return ends.count == 2 ? (String(ends[0]), String(ends[1])) : nil
    }
}
